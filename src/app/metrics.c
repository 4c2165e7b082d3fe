/* metrics.c: the values. Their text is made in metrics_text.c. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/metrics_inner.h"

const struct metric_row metric_rows[METRIC_COUNT] = {
#define METRIC_ROW(id, kind, name, labels, help) [METRIC_##id] = {METRIC_##kind, name, labels, help},
    METRIC_LIST(METRIC_ROW)
#undef METRIC_ROW
};

const double metric_bucket_bounds[METRIC_BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                     0.5,   1,      2.5,   5,    10,    30,   60};

static size_t label_count(enum metric metric)
{
    const char *labels = metric_rows[metric].labels;
    size_t count = labels[0] != '\0';
    for (const char *at = labels; *at != '\0'; at++)
        count += *at == ',';
    return count;
}

/* ---- samples */

/* The label values behind each other, each with its length: unequal values give unequal keys. */
static void make_key(enum metric metric, const struct text *values, struct buffer *out)
{
    for (size_t i = 0; i < label_count(metric); i++)
        buffer_put_text(out, values[i].data != NULL ? values[i] : text_of(""));
}

static struct metric_sample *add_sample(struct metric_family *f, struct bytes key)
{
    if (f->count == METRICS_SAMPLES_MAX)
        return NULL;
    if (f->count == f->capacity) {
        size_t capacity = f->capacity > 0 ? 2 * f->capacity : 4;
        struct metric_sample *samples = realloc(f->samples, capacity * sizeof *samples);
        if (samples == NULL)
            return NULL;
        f->samples = samples;
        f->capacity = capacity;
    }
    uint8_t *copy = malloc(key.size + 1);
    if (copy == NULL || table_put(&f->index, key, (uint32_t)f->count) != STATUS_OK) {
        free(copy);
        return NULL;
    }
    memcpy(copy, key.data, key.size);
    f->samples[f->count] = (struct metric_sample){.key = {copy, key.size}};
    return &f->samples[f->count++];
}

/* NULL when there is no room for a new sample, which is counted. */
static struct metric_sample *labelled_sample(struct metrics *m, enum metric metric, const struct text *values)
{
    struct metric_family *f = &m->families[metric];
    struct metric_sample *sample = NULL;
    assert(label_count(metric) > 0);
    buffer_clear(&m->key);
    make_key(metric, values, &m->key);
    if (!m->key.failed) {
        uint32_t index = table_get(&f->index, buffer_bytes(&m->key));
        sample = index != TABLE_NONE ? &f->samples[index] : add_sample(f, buffer_bytes(&m->key));
    }
    if (sample == NULL)
        m->families[METRIC_METRICS_DROPPED].value += 1;
    return sample;
}

static void family_clear(struct metric_family *f)
{
    for (size_t i = 0; i < f->count; i++)
        free((void *)(uintptr_t)f->samples[i].key.data);
    f->count = 0;
    table_done(&f->index);
    f->index = (struct table){0};
}

void metrics_forget(struct metrics *m, enum metric metric)
{
    assert(metric_rows[metric].kind == METRIC_GAUGE);
    family_clear(&m->families[metric]);
}

/* ---- values */

void metrics_add(struct metrics *m, enum metric metric, double amount)
{
    assert(metric_rows[metric].kind == METRIC_COUNTER && label_count(metric) == 0 && amount >= 0);
    m->families[metric].value += amount;
}

void metrics_set(struct metrics *m, enum metric metric, double value)
{
    assert(metric_rows[metric].kind == METRIC_GAUGE && label_count(metric) == 0);
    m->families[metric].value = value;
}

void metrics_observe(struct metrics *m, enum metric metric, double seconds)
{
    struct metric_family *f = &m->families[metric];
    assert(metric_rows[metric].kind == METRIC_HISTOGRAM);
    if (!(seconds >= 0)) /* a clock that went back, or NaN */
        seconds = 0;
    size_t bucket = 0;
    while (bucket < METRIC_BUCKETS && seconds > metric_bucket_bounds[bucket])
        bucket++;
    f->buckets[bucket]++;
    f->value += seconds;
}

void metrics_add_labelled(struct metrics *m, enum metric metric, const struct text *values, double amount)
{
    assert(metric_rows[metric].kind == METRIC_COUNTER && amount >= 0);
    struct metric_sample *sample = labelled_sample(m, metric, values);
    if (sample != NULL)
        sample->value += amount;
}

void metrics_set_labelled(struct metrics *m, enum metric metric, const struct text *values, double value)
{
    assert(metric_rows[metric].kind == METRIC_GAUGE);
    struct metric_sample *sample = labelled_sample(m, metric, values);
    if (sample != NULL)
        sample->value = value;
}

double metrics_value(const struct metrics *m, enum metric metric, const struct text *values)
{
    const struct metric_family *f = &m->families[metric];
    if (label_count(metric) == 0)
        return f->value;
    struct buffer key = {0};
    make_key(metric, values, &key);
    uint32_t index = key.failed ? TABLE_NONE : table_get(&f->index, buffer_bytes(&key));
    buffer_done(&key);
    return index != TABLE_NONE ? f->samples[index].value : 0;
}

void metrics_add_engine(struct metrics *m, const struct engine_counters *counters)
{
    counters_add(&m->engine, counters);
}

/* ---- stores with a label of their own */

enum { STORES_NAMED_MAX = 1000 };

struct text metrics_store_label(struct metrics *m, struct text store)
{
    struct bytes key = {(const uint8_t *)store.data, store.size};
    if (store.data == NULL)
        return text_of("");
    if (table_get(&m->stores, key) != TABLE_NONE)
        return store;
    bool has_room = m->takes_new_stores && m->store_count < METRICS_STORES_DEFAULT;
    if (!has_room || table_put(&m->stores, key, 0) != STATUS_OK)
        return text_of("other");
    m->store_count++;
    return store;
}

static enum status name_stores(struct metrics *m, const char *stores)
{
    enum status status = STATUS_OK;
    for (const char *at = stores; *at != '\0' && status == STATUS_OK && m->store_count < STORES_NAMED_MAX;) {
        size_t size = strcspn(at, ",");
        if (size > 0) {
            status = table_put(&m->stores, (struct bytes){(const uint8_t *)at, size}, 0);
            m->store_count++;
        }
        at += size + (at[size] == ',');
    }
    return status;
}

/* ---- life */

enum status metrics_new(const char *stores, struct metrics **out)
{
    struct metrics *m = calloc(1, sizeof *m);
    if (m == NULL)
        return STATUS_NO_MEMORY;
    m->takes_new_stores = stores == NULL || stores[0] == '\0';
    if (!m->takes_new_stores && name_stores(m, stores) != STATUS_OK) {
        metrics_free(m);
        return STATUS_NO_MEMORY;
    }
    *out = m;
    return STATUS_OK;
}

void metrics_free(struct metrics *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        family_clear(&m->families[i]);
        free(m->families[i].samples);
    }
    table_done(&m->stores);
    buffer_done(&m->key);
    free(m);
}
