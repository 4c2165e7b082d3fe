/* metrics_text.c: Prometheus text format 0.0.4. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/metrics_inner.h"

/* The shortest of 15 or 17 digits that reads back as the same number. */
static void put_number(struct buffer *out, double value)
{
    char text[40];
    if (isnan(value)) {
        buffer_printf(out, "NaN");
    } else if (isinf(value)) {
        buffer_printf(out, value > 0 ? "+Inf" : "-Inf");
    } else {
        snprintf(text, sizeof text, "%.15g", value);
        buffer_printf(out, strtod(text, NULL) == value ? "%.15g" : "%.17g", value);
    }
}

static void put_head(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label value, with \, " and newline escaped as the format asks; other control characters become '?'. */
static void put_label_value(struct buffer *out, struct text value)
{
    for (size_t i = 0; i < value.size; i++) {
        char c = value.data[i];
        if (c == '\n')
            buffer_put(out, "\\n", 2);
        else if (c == '"' || c == '\\')
            buffer_put(out, (char[]){'\\', c}, 2);
        else
            buffer_put_u8(out, (unsigned char)c < 0x20 ? '?' : (uint8_t)c);
    }
}

static void put_labels(struct buffer *out, const char *names, struct bytes key)
{
    struct reader values = reader_of(key);
    buffer_put_u8(out, '{');
    for (const char *name = names; *name != '\0';) {
        size_t size = strcspn(name, ",");
        buffer_put(out, name, size);
        buffer_put(out, "=\"", 2);
        put_label_value(out, reader_text(&values));
        buffer_put_u8(out, '"');
        name += size;
        if (*name == ',') {
            buffer_put_u8(out, ',');
            name++;
        }
    }
    buffer_put_u8(out, '}');
}

static void render_histogram(const struct metric_row *row, const struct metric_family *f, struct buffer *out)
{
    uint64_t count = 0;
    put_head(out, row->name, "histogram", row->help);
    for (size_t i = 0; i < METRIC_BUCKETS; i++) {
        count += f->buckets[i];
        buffer_printf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", row->name, metric_bucket_bounds[i], count);
    }
    count += f->buckets[METRIC_BUCKETS];
    buffer_printf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum ", row->name, count, row->name);
    put_number(out, f->value);
    buffer_printf(out, "\n%s_count %" PRIu64 "\n", row->name, count);
}

static void render_values(const struct metric_row *row, const struct metric_family *f, struct buffer *out)
{
    put_head(out, row->name, row->kind == METRIC_COUNTER ? "counter" : "gauge", row->help);
    if (row->labels[0] == '\0') {
        buffer_printf(out, "%s ", row->name);
        put_number(out, f->value);
        buffer_put_u8(out, '\n');
    }
    for (size_t i = 0; i < f->count; i++) {
        buffer_printf(out, "%s", row->name);
        put_labels(out, row->labels, f->samples[i].key);
        buffer_put_u8(out, ' ');
        put_number(out, f->samples[i].value);
        buffer_put_u8(out, '\n');
    }
}

static void render_engine(const struct engine_counters *c, struct buffer *out)
{
#define RENDER_COUNTER(name, help)                              \
    put_head(out, "storecast_" #name "_total", "counter", help); \
    buffer_printf(out, "storecast_" #name "_total %" PRIu64 "\n", c->name);
    ENGINE_COUNTER_LIST(RENDER_COUNTER)
#undef RENDER_COUNTER
}

void metrics_render(const struct metrics *m, struct buffer *out)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        if (metric_rows[i].kind == METRIC_HISTOGRAM)
            render_histogram(&metric_rows[i], &m->families[i], out);
        else
            render_values(&metric_rows[i], &m->families[i], out);
    }
    render_engine(&m->engine, out);
}
