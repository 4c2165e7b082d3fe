#include "codec/json.h"
#include "codec/record.h"
#include "codec/write.h"

#define QUANTITY_RANGE          FIELD_RANGE(-1e9, 1e9) /* MESSAGE_QUANTITY_MAX units */
#define RETURNED_RANGE          FIELD_RANGE(0, 1e9)
#define COVARIATES(S, m, count) FIELD_ROW(S, m, FIELD_MAP, FIELD_DEFAULTED), FIELD_COUNTED(S, count), FIELD_RANGE_NUMBER
#define OPTIONAL_DATE(S, m)     FIELD_ROW(S, m, FIELD_DATE, FIELD_NULLABLE), FIELD_FLAGGED(S, has_##m), FIELD_RANGE_DATE
#define RATIO(S, m)             FIELD_ROW(S, m, FIELD_DOUBLE, FIELD_NULLABLE), .absent = 1, FIELD_RANGE_RATIO
#define MEASURE(S, name_, member, has_member)                                                                                              \
    .name = name_, .kind = FIELD_MILLIONTHS, .need = FIELD_NULLABLE, .at = offsetof(struct S, member), FIELD_FLAGGED(S, has_member)

static const struct field sale_fields[] = {
    {MEASURE(body_sale, "quantity", sold.quantity, sold.has_quantity), QUANTITY_RANGE},
    {MEASURE(body_sale, "amount", sold.amount, sold.has_amount), QUANTITY_RANGE},
};
static const struct field total_fields[] = {
    {MEASURE(body_total, "quantity", gross.quantity, gross.has_quantity), QUANTITY_RANGE},
    {MEASURE(body_total, "amount", gross.amount, gross.has_amount), QUANTITY_RANGE},
    {MEASURE(body_total, "returned_quantity", returns.quantity, returns.has_quantity), RETURNED_RANGE},
    {MEASURE(body_total, "returned_amount", returns.amount, returns.has_amount), RETURNED_RANGE},
    {COVARIATES(body_total, covariates, covariate_count)},
};
static const struct field plan_fields[] = {
    {FIELD_ROW(body_plan, first_date, FIELD_DATE, FIELD_REQUIRED), FIELD_RANGE_DATE},
    {FIELD_ROW(body_plan, last_date, FIELD_DATE, FIELD_REQUIRED), FIELD_RANGE_DATE},
    {OPTIONAL_DATE(body_plan, known_from)},
    {FIELD_ROW(body_plan, closed, FIELD_BOOL, FIELD_DEFAULTED)},
    {COVARIATES(body_plan, values, value_count)},
};
static const struct field availability_fields[] = {
    {FIELD_ROW(body_availability, share, FIELD_DOUBLE, FIELD_NULLABLE), FIELD_FLAGGED(body_availability, has_share), FIELD_RANGE(0, 1)},
    {MEASURE(body_availability, "stock", stock, has_stock), QUANTITY_RANGE},
};
static const struct field complete_fields[] = {
    {.name = "reason", .kind = FIELD_IGNORED, .need = FIELD_NULLABLE},
};
static const struct field store_fields[] = {
    {FIELD_ROW(body_store, time_zone, FIELD_TEXT, FIELD_NULLABLE)},
    {FIELD_ROW(body_store, day_cutoff_minutes, FIELD_INT, FIELD_NULLABLE), FIELD_FLAGGED(body_store, has_day_cutoff), FIELD_RANGE(0, 1439)},
    {FIELD_ROW(body_store, region, FIELD_TEXT, FIELD_NULLABLE)},
    {OPTIONAL_DATE(body_store, opens)},
    {OPTIONAL_DATE(body_store, closes)},
    {OPTIONAL_DATE(body_store, refit_from)},
    {OPTIONAL_DATE(body_store, refit_to)},
    {FIELD_ROW(body_store, like_store, FIELD_TEXT, FIELD_NULLABLE)},
    {RATIO(body_store, like_factor)},
};
static const struct field series_fields[] = {
    {FIELD_ROW(body_series, category, FIELD_TEXT, FIELD_NULLABLE)},
    {FIELD_ROW(body_series, unit, FIELD_TEXT, FIELD_NULLABLE)},
    {RATIO(body_series, pack_size)},
    {OPTIONAL_DATE(body_series, launched)},
    {OPTIONAL_DATE(body_series, ends)},
    {.name = "replaces_product", .kind = FIELD_TEXT, .need = FIELD_NULLABLE, .at = offsetof(struct body_series, replaces)},
    {RATIO(body_series, replaces_ratio)},
    {FIELD_ROW(body_series, like_product, FIELD_TEXT, FIELD_NULLABLE)},
    {RATIO(body_series, like_factor)},
};
static const char *const override_kinds[] = {"SET", "ADD", "MULTIPLY", "CAP"};
static const struct symbols override_symbols = {override_kinds, 4};
static const struct field override_fields[] = {
    {FIELD_ROW(body_override, kind, FIELD_ENUM, FIELD_REQUIRED), .symbols = &override_symbols},
    {FIELD_ROW(body_override, first_date, FIELD_DATE, FIELD_REQUIRED), FIELD_RANGE_DATE},
    {FIELD_ROW(body_override, last_date, FIELD_DATE, FIELD_REQUIRED), FIELD_RANGE_DATE},
    {FIELD_ROW(body_override, value, FIELD_DOUBLE, FIELD_REQUIRED), FIELD_RANGE_NUMBER},
    {FIELD_ROW(body_override, category, FIELD_TEXT, FIELD_NULLABLE)},
    {FIELD_ROW(body_override, author, FIELD_TEXT, FIELD_NULLABLE)},
    {FIELD_ROW(body_override, reason, FIELD_TEXT, FIELD_NULLABLE), .limit = MESSAGE_TEXT_BYTES_MAX},
    {.name = "expires",
     .kind = FIELD_INSTANT,
     .need = FIELD_NULLABLE,
     .at = offsetof(struct body_override, expires_ms),
     FIELD_FLAGGED(body_override, has_expires),
     FIELD_RANGE_INSTANT},
};
static const struct field model_fields[] = {
    {FIELD_ROW(body_model, version, FIELD_TEXT, FIELD_REQUIRED), .not_empty = true},
};

#define BODY(name_, struct_, fields_)                                                                                                      \
    {                                                                                                                                      \
        name_, sizeof(struct struct_), fields_, sizeof fields_ / sizeof fields_[0]                                                         \
    }
static const struct record_table bodies[] = {
    [BODY_SALE] = BODY("Sale", body_sale, sale_fields),
    [BODY_TOTAL] = BODY("Total", body_total, total_fields),
    [BODY_PLAN] = BODY("Plan", body_plan, plan_fields),
    [BODY_AVAILABILITY] = BODY("Availability", body_availability, availability_fields),
    [BODY_COMPLETE] = {"Complete", 0, complete_fields, 1},
    [BODY_STORE] = BODY("Store", body_store, store_fields),
    [BODY_SERIES] = BODY("Series", body_series, series_fields),
    [BODY_OVERRIDE] = BODY("Override", body_override, override_fields),
    [BODY_MODEL] = BODY("Model", body_model, model_fields),
};
_Static_assert(sizeof(enum body_kind) == sizeof(unsigned), "enums are read and written as unsigned");

static const struct field fields[] = {
    {FIELD_ROW(sales_update, event_id, FIELD_TEXT, FIELD_REQUIRED), .not_empty = true},
    {FIELD_ROW(sales_update, source, FIELD_TEXT, FIELD_NULLABLE), .not_empty = true},
    {FIELD_ROW(sales_update, sequence, FIELD_LONG, FIELD_NULLABLE), FIELD_FLAGGED(sales_update, has_sequence), FIELD_RANGE(0, 4e18)},
    {FIELD_ROW(sales_update, store, FIELD_TEXT, FIELD_NULLABLE), .not_empty = true},
    {FIELD_ROW(sales_update, product, FIELD_TEXT, FIELD_NULLABLE), .not_empty = true},
    {FIELD_ROW(sales_update, business_date, FIELD_DATE, FIELD_REQUIRED), FIELD_RANGE_DATE},
    {.name = "event_time",
     .kind = FIELD_INSTANT,
     .need = FIELD_NULLABLE,
     .at = offsetof(struct sales_update, event_time_ms),
     FIELD_FLAGGED(sales_update, has_event_time),
     FIELD_RANGE_INSTANT},
    {.name = "issued_at", .kind = FIELD_INSTANT, .at = offsetof(struct sales_update, issued_at_ms), FIELD_RANGE_INSTANT},
    {.name = "body",
     .kind = FIELD_BODY,
     .at = offsetof(struct sales_update, kind),
     .body_at = offsetof(struct sales_update, body),
     .records = bodies,
     .record_count = sizeof bodies / sizeof bodies[0]},
};
const struct record_table sales_update_table = {"SalesUpdate", sizeof(struct sales_update), fields, sizeof fields / sizeof fields[0]};

static enum status need_measure(const struct measures *m, const char *body, struct trail *t)
{
    if (m->has_quantity || m->has_amount)
        return STATUS_OK;
    return trail_fail(t, STATUS_OUT_OF_RANGE, "body.%s: neither quantity nor amount is present", body);
}

static enum status need_order(date_t first, date_t last, const char *body, struct trail *t)
{
    return first <= last ? STATUS_OK : trail_fail(t, STATUS_OUT_OF_RANGE, "body.%s: last_date lies before first_date", body);
}

static enum status body_rule(const struct sales_update *u, struct trail *t)
{
    switch (u->kind) {
    case BODY_SALE:
        return need_measure(&u->body.sale.sold, "Sale", t);
    case BODY_TOTAL:
        return need_measure(&u->body.total.gross, "Total", t);
    case BODY_PLAN:
        return need_order(u->body.plan.first_date, u->body.plan.last_date, "Plan", t);
    case BODY_OVERRIDE:
        return need_order(u->body.override_.first_date, u->body.override_.last_date, "Override", t);
    case BODY_AVAILABILITY:
        if (!u->body.availability.has_share && !u->body.availability.has_stock)
            return trail_fail(t, STATUS_OUT_OF_RANGE, "body.Availability: neither share nor stock is present");
        return STATUS_OK;
    case BODY_COMPLETE:
    case BODY_STORE:
    case BODY_SERIES:
    case BODY_MODEL:
        break;
    }
    return STATUS_OK;
}

static enum status rule(const void *record, struct trail *t)
{
    const struct sales_update *u = record;
    bool for_all = u->kind == BODY_COMPLETE || u->kind == BODY_MODEL || u->kind == BODY_OVERRIDE;
    if (u->store.data == NULL && !for_all)
        return trail_fail(t, STATUS_BAD_TEXT, "store: is absent, which only Complete, Model and Override may be");
    return body_rule(u, t);
}

enum status codec_decode_sales_update(struct codec *c, struct bytes value, struct arena *arena, struct sales_update *out,
                                      enum dead_letter *out_code, struct error *why)
{
    enum status status = record_decode(c, CODEC_SALES_UPDATE, value, arena, rule, out, out_code, why);
    if (status == STATUS_OK && out->source.data == NULL)
        out->has_sequence = false; /* a counter that is nobody's */
    return status;
}

enum status codec_encode_sales_update(const struct sales_update *u, struct buffer *out)
{
    return write_value(CODEC_SALES_UPDATE, u, out);
}

void codec_json_sales_update(const struct sales_update *u, struct buffer *out)
{
    json_record(&sales_update_table, u, out);
}
