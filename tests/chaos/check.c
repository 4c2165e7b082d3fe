#include "chaos/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- cells */

#define FIELDS 9
enum { STORE, PRODUCT, PERIOD_END, GROSS_QUANTITY, RETURNS_QUANTITY, GROSS_AMOUNT, RETURNS_AMOUNT, RECORDS, STATE };

/* One row, taken apart in place; false at the end. */
static bool next_row(char **at, struct text fields[FIELDS])
{
    char *p = *at;
    if (!*p)
        return false;
    for (int i = 0; i < FIELDS; i++) {
        char *out = p;
        fields[i].data = p;
        if (*p == '"') {
            for (p++; p[0] != '"' || p[1] == '"'; *out++ = *p++)
                p += p[0] == '"';
            p++;
        } else {
            for (; *p != ',' && *p != '\n' && *p; p++)
                out++;
        }
        fields[i].size = (size_t)(out - fields[i].data);
        if (*p != (i + 1 < FIELDS ? ',' : '\n'))
            chaos_fail("state cells: a row cannot be read: %.80s", fields[0].data);
        p++;
    }
    *at = p;
    return true;
}

static int64_t number(struct text t)
{
    return strtoll(t.data, NULL, 10);
}

static struct ledger_sums sums_of(const struct text fields[FIELDS])
{
    return (struct ledger_sums){number(fields[GROSS_QUANTITY]), number(fields[RETURNS_QUANTITY]), number(fields[GROSS_AMOUNT]),
                                number(fields[RETURNS_AMOUNT]), (uint64_t)number(fields[RECORDS])};
}

static bool same_sums(const struct ledger_sums *a, const struct ledger_sums *b)
{
    return a->gross_quantity == b->gross_quantity && a->returns_quantity == b->returns_quantity && a->gross_amount == b->gross_amount &&
           a->returns_amount == b->returns_amount;
}

static void tell(const struct text fields[FIELDS], const struct ledger_sums *want, bool by_count, struct findings *f)
{
    const struct ledger_sums have = sums_of(fields);
    uint64_t lost = by_count && have.count < want->count ? want->count - have.count : 0;
    uint64_t doubled = by_count && have.count > want->count ? have.count - want->count : 0;
    findings_add(f,
                 lost      ? FINDING_LOST
                 : doubled ? FINDING_DOUBLED
                           : FINDING_DIFFERENT,
                 lost      ? lost
                 : doubled ? doubled
                           : 1,
                 "store %.*s product %.*s period to %.*s: %" PRIu64 " records, gross %" PRId64 " returns %" PRId64
                 " (amounts); it should be %" PRIu64 ", %" PRId64 ", %" PRId64,
                 (int)fields[STORE].size, fields[STORE].data, (int)fields[PRODUCT].size, fields[PRODUCT].data, (int)fields[PERIOD_END].size,
                 fields[PERIOD_END].data, have.count, have.gross_amount, have.returns_amount, want->count, want->gross_amount,
                 want->returns_amount);
}

static void sums_add(struct ledger_sums *to, const struct ledger_sums *s)
{
    to->gross_quantity += s->gross_quantity;
    to->returns_quantity += s->returns_quantity;
    to->gross_amount += s->gross_amount;
    to->returns_amount += s->returns_amount;
    to->count += s->count;
}

static bool is_empty(const struct ledger_sums *s)
{
    static const struct ledger_sums nothing;
    return s->count == 0 && same_sums(s, &nothing);
}

struct store_sums { /* of the products of each store, by period */
    struct ledger_sums *sums;
    size_t periods;
};

static struct store_sums add_up_stores(const struct ledger *l)
{
    struct store_sums t = {0};
    for (size_t i = 0; i < l->series_count; i++)
        t.periods = l->series[i].cell_count > t.periods ? l->series[i].cell_count : t.periods;
    t.sums = chaos_memory(calloc(l->store_count * t.periods + 1, sizeof *t.sums));
    for (size_t i = 0; i < l->series_count; i++)
        for (size_t c = 0; c < l->series[i].cell_count; c++)
            sums_add(&t.sums[l->series[i].store * t.periods + c], &l->series[i].cells[c].sums);
    return t;
}

static bool is_kept(const struct ledger *l, const struct ledger_series *s, size_t cell)
{
    const period_t closed = l->partitions[l->stores[s->store].partition].closed_through;
    return closed == PERIOD_NONE || l->first_period + (period_t)cell > closed - LEDGER_HISTORY;
}

uint64_t check_cells(struct ledger *l, const struct buffer *cells, struct findings *f)
{
    struct store_sums stores = add_up_stores(l);
    struct text fields[FIELDS];
    char *at = strchr((char *)cells->data, '\n');
    uint64_t rows = 0, present = 0, expected = 0;
    for (at += at != NULL; at && next_row(&at, fields); rows++) {
        date_t end;
        struct text product = fields[PRODUCT].size ? fields[PRODUCT] : (struct text){0};
        uint32_t store = table_get(&l->store_index, (struct bytes){(const uint8_t *)fields[STORE].data, fields[STORE].size});
        if (store == TABLE_NONE || !date_parse_iso(fields[PERIOD_END], &end)) {
            findings_add(f, FINDING_DIFFERENT, 1, "store %.*s should not be there", (int)fields[STORE].size, fields[STORE].data);
            continue;
        }
        struct ledger_sums want = {0}, have = sums_of(fields);
        size_t cell = (size_t)(period_of(&l->grid, end) - l->first_period);
        bool is_sum = !product.data && l->stores[store].by_product;
        struct ledger_series *s = is_sum ? NULL : ledger_series(l, fields[STORE], product);
        if (is_sum && cell < stores.periods)
            want = stores.sums[store * stores.periods + cell];
        if (s && cell < s->cell_count)
            want = s->cells[cell].sums;
        if (!same_sums(&want, &have) || (!is_sum && want.count != have.count))
            tell(fields, &want, !is_sum, f);
        present += s && !is_empty(&want) && is_kept(l, s, cell);
    }
    for (size_t i = 0; i < l->series_count; i++)
        for (size_t c = 0; c < l->series[i].cell_count; c++)
            expected += !is_empty(&l->series[i].cells[c].sums) && is_kept(l, &l->series[i], c);
    if (present != expected)
        findings_add(f, FINDING_LOST, expected - present, "%" PRIu64 " periods with sales are in the state, it should be %" PRIu64, present,
                     expected);
    free(stores.sums);
    return rows;
}

/* ---- counters */

void check_offsets(const struct ledger *l, const struct buffer *shown, int64_t out[CHECK_PARTITIONS_MAX])
{
    memset(out, 0, CHECK_PARTITIONS_MAX * sizeof *out);
    for (const char *at = (const char *)shown->data; at; at = strchr(at, '\n'), at += at != NULL) {
        int partition;
        long long offset;
        size_t series;
        if (sscanf(at, "partition %d: %zu series, sales read up to offset %lld,", &partition, &series, &offset) == 3 && partition >= 0 &&
            partition < l->partition_count)
            out[partition] = offset + 1;
    }
}

static void expect(const struct buffer *metrics, const char *sample, uint64_t want, struct findings *f)
{
    const uint64_t have = (uint64_t)service_metric(metrics, sample);
    if (have != want)
        findings_add(f, FINDING_DIFFERENT, have > want ? have - want : want - have, "%s is %" PRIu64 ", it should be %" PRIu64, sample,
                     have, want);
}

void check_counters(const struct ledger *l, const int64_t known[CHECK_PARTITIONS_MAX], const struct buffer *metrics, struct findings *f)
{
    uint64_t counts[VERDICT_COUNT] = {0}, dead = 0, read = 0;
    char sample[128];
    for (int32_t p = 0; p < l->partition_count; p++) {
        const struct ledger_partition *part = &l->partitions[p];
        for (size_t i = (size_t)known[p]; i < part->count; i++)
            counts[part->verdicts[i]]++;
        read += part->count - (uint64_t)known[p];
    }
    for (int code = 0; code < DEAD_LETTER_COUNT; code++) {
        snprintf(sample, sizeof sample, "storecast_dead_letters_by_code_total{code=\"%s\"}", dead_letter_name((enum dead_letter)code));
        expect(metrics, sample, counts[VERDICT_DEAD + code], f);
        dead += counts[VERDICT_DEAD + code];
    }
    expect(metrics, "storecast_dead_letters_total", dead, f);
    expect(metrics, "storecast_sales_total", counts[VERDICT_SALE] + counts[VERDICT_RETURN], f);
    expect(metrics, "storecast_returns_total", counts[VERDICT_RETURN], f);
    expect(metrics, "storecast_duplicates_total", counts[VERDICT_DUPLICATE], f);
    expect(metrics, "storecast_completes_total", counts[VERDICT_COMPLETE], f);
    expect(metrics, "storecast_consumed_records_total{topic=\"sales-updates\"}", read, f);
}

uint64_t check_handled(const struct buffer *metrics)
{
    return (uint64_t)(service_metric(metrics, "storecast_sales_total") + service_metric(metrics, "storecast_duplicates_total") +
                      service_metric(metrics, "storecast_completes_total") + service_metric(metrics, "storecast_dead_letters_total"));
}

/* ---- the truth */

void check_truth(struct ledger *l, const struct simulate *s, const struct simulate_options *o)
{
    const period_t first = period_of(&o->grid, simulate_first_day(s));
    char store[SIMULATE_ID_BYTES], product[SIMULATE_ID_BYTES];
    for (size_t a = 0; a < o->stores; a++)
        for (size_t b = 0; b < o->products; b++) {
            struct ledger_series *series =
                ledger_series(l, text_of(simulate_store_id(s, a, store)), text_of(simulate_product_id(s, b, product)));
            for (int64_t p = 0; p < o->periods; p++) {
                const struct simulate_truth *t = simulate_truth(s, a, b, p);
                struct ledger_sums sold = {t->gross_quantity, t->returns_quantity, t->gross_amount, t->returns_amount, 0}, want = {0};
                if (series) {
                    const struct ledger_cell *cell = ledger_cell(l, series, first + (period_t)p);
                    sums_add(&sold, &cell->altered);
                    want = cell->sums;
                }
                if (!same_sums(&sold, &want))
                    chaos_fail("the ledger and the simulation differ: %s %s period %d", store, product, (int)p);
            }
        }
}
