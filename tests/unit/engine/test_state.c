/* The format of state records: what is read is written again as the same bytes, version 1 is read for ever, and what only a
 * newer program can have written is refused as newer, never taken for damage. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/history.h"
#include "engine/state.h"
#include "support/engine/panel.h"
#include "support/fixture.h"
#include "support/shared.h"

#define GOLDEN       "tests/golden/state_v1.tsv"
#define WEEKS        64
#define FIRST_FRIDAY date_of(2010, 2, 5)
#define GOLDEN_EACH  2 /* records of a kind that is not needed as a whole */

struct stored_record {
    struct bytes key, value;
};

static struct driver source;
static struct panel panel;
static struct stored_record *records;
static size_t record_count;

static struct engine_options options(void)
{
    struct engine_options o;
    engine_options_default(&o);
    o.grid.week_end = FRIDAY;
    return o;
}

/* Every kind of record. */
static int make_state(void **state)
{
    (void)state;
    const struct engine_options o = options();
    panel_sales(&panel, 1, 2, 3, 1);
    for (int i = 0; i < WEEKS; i++)
        panel_add(&panel, driver_total("t", NULL, FIRST_FRIDAY + 7 * i, 100 + i * i % 17, panel_text(&panel, "event %d", i)));
    panel_add(&panel, driver_total("t", NULL, FIRST_FRIDAY + 7 * (WEEKS - 3), 120, "zzz"));
    panel_add(&panel, driver_sale("s00", "p0", FIRST_FRIDAY + 7 * (WEEKS - 1), 5, "an event"));
    driver_init(&source, &o, &(struct driver_options){.batch = 50});
    driver_run(&source, panel.updates, panel.count);
    struct stored_record r;
    bool has_kind[256] = {0};
    for (size_t i = 0; driver_record(&source, i, &r.key, &r.value); i++) {
        if (!r.value.data)
            continue;
        struct stored_record *grown = realloc(records, (record_count + 1) * sizeof *records);
        assert_non_null(grown);
        records = grown;
        records[record_count++] = r;
        has_kind[r.key.data[0]] = true;
    }
    for (const char *kind = "PTSCRQWDHM"; *kind; kind++)
        if (!has_kind[(uint8_t)*kind])
            fail_msg("the test's state has no record of kind %c", *kind);
    return 0;
}

static int drop_state(void **state)
{
    (void)state;
    free(records);
    driver_done(&source);
    panel_done(&panel);
    return 0;
}

static struct engine *fresh(void)
{
    const struct engine_options o = options();
    struct engine *e;
    assert_ok(engine_new(0, &o, &e));
    return e;
}

static struct engine *loaded(const struct stored_record *from, size_t count)
{
    struct engine *e = fresh();
    struct error err = {0};
    for (size_t i = 0; i < count; i++)
        if (engine_load(e, from[i].key, from[i].value, &err))
            fail_msg("record %zu: %s", i, err.text);
    if (engine_loaded(e, true, &err))
        fail_msg("%s", err.text);
    return e;
}

/* ---- written again */

struct rewriting {
    const struct engine *e;
    const struct stored_record *from;
    size_t count, found;
    struct arena arena;
};

static bool same(struct bytes a, struct bytes b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* The headers differ in batch and offset. */
static void rewrite(struct rewriting *r, struct journal_entry entry)
{
    struct bytes key, value;
    assert_ok(state_encode(r->e, &entry, 1, &r->arena, &key, &value));
    for (size_t i = 0; i < r->count; i++) {
        if (!same(key, r->from[i].key))
            continue;
        r->found++;
        const struct bytes was = r->from[i].value;
        if (!same((struct bytes){was.data + STATE_HEADER_BYTES, was.size - STATE_HEADER_BYTES},
                  (struct bytes){value.data + STATE_HEADER_BYTES, value.size - STATE_HEADER_BYTES}))
            fail_msg("record %zu, of kind %c, comes back otherwise", i, key.data[0]);
        return;
    }
    if (entry.kind != JOURNAL_DRIFT && entry.kind != JOURNAL_POOL) /* those are there from the beginning */
        fail_msg("a record of kind %c that was not loaded", key.data[0]);
}

static void rewrite_series(struct rewriting *r, struct series *s)
{
    rewrite(r, (struct journal_entry){.kind = JOURNAL_SERIES, .index = s->index, .object = &s->state});
    rewrite(r, (struct journal_entry){.kind = JOURNAL_DRIFT, .index = s->index, .object = &s->drift});
    period_t first, last;
    for (period_t p = history_span(s, &first, &last) ? first : 1; p <= (history_span(s, &first, &last) ? last : 0); p++) {
        struct cell *c = history_cell(s, p);
        if (c && c->present)
            rewrite(r, (struct journal_entry){.kind = JOURNAL_CELL, .index = s->index, .period = p, .object = c});
    }
    for (int i = 0; s->rings && i < ERRORS_ORIGINS; i++)
        if (s->rings->ensemble[i].origin != PERIOD_NONE)
            rewrite(r, (struct journal_entry){.kind = JOURNAL_ISSUED, .index = s->index, .period = i, .object = &s->rings->ensemble[i]});
    for (int i = 0; s->rings && i < MEMBER_ORIGINS; i++)
        if (s->rings->members[i].issued)
            rewrite(r, (struct journal_entry){.kind = JOURNAL_MEMBERS, .index = s->index, .period = i, .object = &s->rings->members[i]});
}

static size_t rewrite_all(struct engine *e, const struct stored_record *from, size_t count)
{
    struct rewriting r = {.e = e, .from = from, .count = count};
    rewrite(&r, (struct journal_entry){.kind = JOURNAL_PARTITION, .object = &e->state});
    for (uint32_t i = 0; i < e->store_count; i++)
        rewrite(&r, (struct journal_entry){.kind = JOURNAL_STORE, .index = i, .object = &e->stores[i]->state});
    for (size_t i = 0; i < e->series_count; i++)
        rewrite_series(&r, e->series[i]);
    for (uint32_t i = 0; i < e->source_count; i++)
        rewrite(&r, (struct journal_entry){.kind = JOURNAL_SOURCE, .index = i, .object = e->sources[i]});
    for (size_t i = 0; i < e->seen_count; i++)
        for (size_t k = 0; k < e->seen[i].capacity; k++)
            if (e->seen[i].hashes[k])
                rewrite(&r, (struct journal_entry){.kind = JOURNAL_SEEN_ADDED, .period = e->seen[i].period, .hash = e->seen[i].hashes[k]});
    for (uint32_t i = 0; i < POOL_KINDS; i++)
        rewrite(&r, (struct journal_entry){.kind = JOURNAL_POOL, .index = i, .object = &e->pool[i]});
    arena_done(&r.arena);
    return r.found;
}

static void what_is_read_is_written_again_as_the_same_bytes(void **state)
{
    (void)state;
    struct engine *e = loaded(records, record_count);
    assert_int_equal(rewrite_all(e, records, record_count), record_count);
    engine_free(e);
}

/* ---- version 1 */

static void write_hex(FILE *f, struct bytes b, char end)
{
    for (size_t i = 0; i < b.size; i++)
        (void)fprintf(f, "%02x", b.data[i]);
    (void)fputc(end, f);
}

/* STORECAST_WRITE_STATE=FILE: how the golden file was made, and that of the next version will be. */
static void write_golden(const char *path)
{
    FILE *f = fopen(path, "w");
    size_t written[256] = {0};
    assert_non_null(f);
    for (size_t i = 0; i < record_count; i++) {
        const uint8_t kind = records[i].key.data[0];
        if (!strchr("PTS", kind) && written[kind]++ >= GOLDEN_EACH)
            continue;
        write_hex(f, records[i].key, '\t');
        write_hex(f, records[i].value, '\n');
    }
    assert_int_equal(fclose(f), 0);
}

static struct bytes read_hex(struct arena *arena, const char **at)
{
    const size_t digits = strspn(*at, "0123456789abcdef");
    uint8_t *data = arena_alloc(arena, digits / 2 + 1);
    assert_non_null(data);
    for (size_t i = 0; i < digits / 2; i++) {
        const char byte[3] = {(*at)[2 * i], (*at)[2 * i + 1], '\0'};
        data[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
    *at += digits + 1;
    return (struct bytes){data, digits / 2};
}

/* Records written by the first release. A later version gets a file of its own; this one must go on being read. */
static void version_1_is_read(void **state)
{
    (void)state;
    if (getenv("STORECAST_WRITE_STATE"))
        write_golden(getenv("STORECAST_WRITE_STATE"));
    struct stored_record kept[64];
    struct arena arena = {0};
    size_t count = 0, kinds = 0;
    char line[8192];
    bool has_kind[256] = {0};
    FILE *f = fopen(source_path(GOLDEN), "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        const char *at = line;
        assert_true(count < sizeof kept / sizeof *kept);
        kept[count].key = read_hex(&arena, &at);
        kept[count].value = read_hex(&arena, &at);
        assert_int_equal(kept[count].value.data[1], 1);
        kinds += !has_kind[kept[count].key.data[0]];
        has_kind[kept[count++].key.data[0]] = true;
    }
    assert_int_equal(fclose(f), 0);
    assert_int_equal(kinds, 10);
    struct engine *e = loaded(kept, count);
    assert_int_equal(rewrite_all(e, kept, count), count);
    assert_int_equal(engine_series_count(e), 3);
    engine_free(e);
    arena_done(&arena);
}

/* ---- newer */

static void sign(struct bytes key, uint8_t *value, size_t size)
{
    const uint32_t sum = state_sum(0, key, (struct bytes){value, size});
    for (size_t i = 0; i < 4; i++)
        value[STATE_SUM_AT + i] = (uint8_t)(sum >> 8 * i);
}

/* A copy of the first record of a kind, its byte at `at` of the key (or, from the header on, of the value) changed, and signed. */
static enum status load_changed(char kind, bool in_key, size_t at, uint8_t to, struct error *err)
{
    size_t i = 0;
    while (records[i].key.data[0] != (uint8_t)kind)
        i++;
    struct engine *e = fresh();
    uint8_t *key = malloc(records[i].key.size), *value = malloc(records[i].value.size);
    assert_true(key && value);
    memcpy(key, records[i].key.data, records[i].key.size);
    memcpy(value, records[i].value.data, records[i].value.size);
    (in_key ? key : value)[at] = to;
    const struct bytes keys = {key, records[i].key.size};
    sign(keys, value, records[i].value.size);
    *err = (struct error){0};
    const enum status status = engine_load(e, keys, (struct bytes){value, records[i].value.size}, err);
    engine_free(e);
    free(key);
    free(value);
    return status;
}

static void what_only_a_newer_program_writes_is_refused_as_newer(void **state)
{
    (void)state;
    /* kind Q: origin, count, then id, version, steps of each */
    enum { MEMBERS = STATE_HEADER_BYTES + 4, MEMBER_ID = MEMBERS + 2, MEMBER_VERSION = MEMBER_ID + 2, STEPS = MEMBER_VERSION + 2 };
    const struct {
        char kind;
        bool in_key;
        size_t at;
        uint8_t to;
        const char *what;
    } cases[] = {
        {'P', false, 1, STATE_VERSION + 1, "a version"},
        {'P', false, 2, 1, "a flag"},
        {'S', false, 3, 1, "a flag"},
        {'Q', false, MEMBER_ID + 1, 7, "a model"},
        {'Q', false, MEMBER_VERSION, 200, "a model's version"},
        {'Q', false, STEPS, 43, "other horizons"},
        {'Q', false, MEMBERS + 1, 1, "more models"},
        {'M', true, 1, 9, "a pool"},
    };
    struct error err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum status status = load_changed(cases[i].kind, cases[i].in_key, cases[i].at, cases[i].to, &err);
        if (status != STATUS_NEWER)
            fail_msg("%s: %s %s", cases[i].what, status_name(status), err.text);
        if ((!strstr(err.text, "newer") || strstr(err.text, "remove")))
            fail_msg("%s: %s", cases[i].what, err.text);
    }
    assert_status(load_changed('P', false, 1, 0, &err), STATUS_CORRUPT); /* there never was such a version */
    /* What is shorter than it says is damage. */
    assert_status(load_changed('Q', false, MEMBERS, MEMBER_COUNT - 1, &err), STATUS_CORRUPT);
    assert_status(load_changed('M', true, 3, 0, &err), STATUS_CORRUPT);
}

static void a_pool_of_one_category_is_refused_as_newer(void **state)
{
    (void)state;
    static const uint8_t key[] = {'M', POOL_PRODUCTS, 4, 0, 'f', 'o', 'o', 'd'};
    uint8_t value[STATE_HEADER_BYTES + 4] = {'M', STATE_VERSION, 0, 0, 4};
    const struct bytes keys = {key, sizeof key};
    struct engine *e = fresh();
    struct error err = {0};
    sign(keys, value, sizeof value);
    assert_status(engine_load(e, keys, (struct bytes){value, sizeof value}, &err), STATUS_NEWER);
    engine_free(e);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_written_again_as_the_same_bytes),
        cmocka_unit_test(version_1_is_read),
        cmocka_unit_test(what_only_a_newer_program_writes_is_refused_as_newer),
        cmocka_unit_test(a_pool_of_one_category_is_refused_as_newer),
    };
    fixture_filter(argc, argv);
    return cmocka_run_group_tests(tests, make_state, drop_state);
}
