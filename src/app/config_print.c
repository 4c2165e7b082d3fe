/* config_print.c: the table shown as values, as the sample file, and as the README's list. */
#include <inttypes.h>
#include <string.h>

#include "app/config.h"
#include "app/config_kafka.h"

static const char *const scope_titles[SCOPE_COUNT] = {
    [SCOPE_FORECAST] = "Forecasting",
    [SCOPE_WORKER] = "The worker",
    [SCOPE_HTTP] = "HTTP and metrics",
    [SCOPE_PROGRAM] = "The program",
};

static void print_choice(const struct config_row *row, int64_t value, struct buffer *out)
{
    int64_t index = row->offset == offsetof(struct config, period_unit) ? value - PERIOD_WEEK : value;
    const char *at = row->choices;
    for (; index > 0; index--)
        at = strchr(at, '|') + 1;
    buffer_put(out, at, (size_t)(strchrnul(at, '|') - at));
}

static void print_value(const struct config *c, const struct config_row *row, struct buffer *out)
{
    const void *value = (const char *)c + row->offset;
    char date[DATE_TEXT_BYTES];
    if (row->flags & CONFIG_SECRET) {
        buffer_printf(out, "********");
        return;
    }
    switch (row->type) {
    case CONFIG_BOOL:
        buffer_printf(out, "%s", *(const bool *)value ? "true" : "false");
        break;
    case CONFIG_INTEGER:
        buffer_printf(out, "%" PRId64, *(const int64_t *)value);
        break;
    case CONFIG_NUMBER:
        buffer_printf(out, "%.15g", *(const double *)value);
        break;
    case CONFIG_TEXT:
        buffer_printf(out, "%s", *(const char *const *)value);
        break;
    case CONFIG_CHOICE:
        print_choice(row, *(const int64_t *)value, out);
        break;
    case CONFIG_DATE:
        buffer_printf(out, "%s", date_format(*(const date_t *)value, date));
        break;
    }
}

static void print_values(const struct config *c, struct buffer *out)
{
    for (size_t i = 0; i < config_row_count; i++) {
        buffer_printf(out, "%s=", config_rows[i].key);
        print_value(c, &config_rows[i], out);
        buffer_printf(out, "\n");
    }
    for (size_t i = 0; i < c->kafka_count; i++)
        buffer_printf(out, "kafka.%s=%s\n", c->kafka[i].key,
                      config_kafka_is_secret(c->kafka[i].key) ? "********" : c->kafka[i].value);
}

/* "0 to 60", "gross, net", "true, false"; nothing for texts. */
static void print_range(const struct config_row *row, struct buffer *out)
{
    switch (row->type) {
    case CONFIG_INTEGER:
    case CONFIG_NUMBER:
        buffer_printf(out, "%.0f to %.0f", row->min, row->max);
        break;
    case CONFIG_BOOL:
        buffer_printf(out, "true, false");
        break;
    case CONFIG_CHOICE:
        for (const char *at = row->choices; *at != '\0'; at++)
            buffer_printf(out, *at == '|' ? ", " : "%c", *at);
        break;
    case CONFIG_DATE:
        buffer_printf(out, "YYYY-MM-DD");
        break;
    case CONFIG_TEXT:
        buffer_printf(out, "text");
        break;
    }
}

static void print_sample(struct buffer *out)
{
    buffer_printf(out, "# StoreCast's options with their defaults: remove the # of a line to change it.\n"
                       "# Every option can also be set by the environment (STORECAST_STATE_DIR for state.dir) and by\n"
                       "# -X key=value; check with: storecast worker --config FILE --check-config\n"
                       "#\n"
                       "# kafka.<name>=value is passed to librdkafka, for example:\n"
                       "#kafka.bootstrap.servers=localhost:9092\n"
                       "#kafka.security.protocol=SASL_SSL\n"
                       "#kafka.sasl.mechanisms=SCRAM-SHA-512\n"
                       "#kafka.sasl.username=storecast\n"
                       "# (passwords: better by the environment, STORECAST_KAFKA_SASL_PASSWORD)\n");
    enum config_scope scope = SCOPE_COUNT;
    for (size_t i = 0; i < config_row_count; i++) {
        const struct config_row *row = &config_rows[i];
        if (row->scope != scope)
            buffer_printf(out, "\n# ---- %s\n", scope_titles[scope = row->scope]);
        buffer_printf(out, "\n# %s (", row->help);
        print_range(row, out);
        buffer_printf(out, "%s%s)\n#%s=%s\n", row->flags & CONFIG_NUMBERS ? "; changes numbers" : "",
                      row->flags & CONFIG_RELOADABLE ? "; re-read on SIGHUP" : "", row->key, row->fallback);
    }
}

static void print_markdown(struct buffer *out)
{
    buffer_printf(out, "| option | default | allowed | |\n|---|---|---|---|\n");
    for (size_t i = 0; i < config_row_count; i++) {
        const struct config_row *row = &config_rows[i];
        buffer_printf(out, "| `%s` | %s%s%s | ", row->key, row->fallback[0] != '\0' ? "`" : "", row->fallback,
                      row->fallback[0] != '\0' ? "`" : "");
        print_range(row, out);
        buffer_printf(out, " | %s%s%s |\n", row->help, row->flags & CONFIG_NUMBERS ? " *" : "",
                      row->flags & CONFIG_RELOADABLE ? " (re-read on SIGHUP)" : "");
    }
    buffer_printf(out, "\n\\* changes published numbers: a restart with another value is refused without `--accept-changes`.\n");
}

void config_print(const struct config *c, enum config_format format, struct buffer *out)
{
    switch (format) {
    case CONFIG_VALUES:
        print_values(c, out);
        break;
    case CONFIG_SAMPLE:
        print_sample(out);
        break;
    case CONFIG_MARKDOWN:
        print_markdown(out);
        break;
    }
}

bool config_format_parse(const char *name, enum config_format *out)
{
    static const struct {
        const char *name;
        enum config_format format;
    } formats[] = {{"", CONFIG_VALUES}, {"values", CONFIG_VALUES}, {"sample", CONFIG_SAMPLE}, {"markdown", CONFIG_MARKDOWN}};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(formats[i].name, name) == 0) {
            *out = formats[i].format;
            return true;
        }
    return false;
}
