/* More than can be handled: everything is answered once, who asks too much is told BUSY, others and sales are served meanwhile,
 * and the loop is never held (rig_finish looks). */
#include "integration/rig.h"

enum { PARTITIONS = 2, WEEKS = 60, MORE_WEEKS = 4, STORES = 8, FLOOD = 6000, QUIET = 10, QUANTILES = 99 };

static int32_t home(const struct rig *r, const char *store)
{
    return hash_partition(store, strlen(store), r->partitions);
}

/* id: horizon x sequence, so that a reply says what was asked. */
static void ask(struct rig *r, const char *id, const char *store, int32_t horizon, size_t quantiles)
{
    double levels[QUANTILES];
    for (size_t i = 0; i < quantiles; i++)
        levels[i] = (double)(i + 1) / (QUANTILES + 1);
    struct forecast_request q = {.request_id = text_of(id), .store = text_of(store), .level = LEVEL_STORE, .horizon = horizon,
                                 .quantiles = levels, .quantile_count = quantiles, .explain = quantiles > 0, .issued_at_ms = 1};
    struct buffer value = {0};
    assert_ok(codec_encode_forecast_request(&q, &value));
    rig_send(r, TOPIC_REQUESTS, home(r, store), rig_bytes(store), buffer_bytes(&value));
    buffer_done(&value);
}

struct answers {
    size_t flood[FLOOD], quiet[QUIET], other[QUIET]; /* how often each was answered */
    size_t flood_busy, flood_full, others_busy;
    uint64_t bytes;
    size_t in_first_half; /* of the flood's replies, those that knew the last sale */
};

static void note(struct answers *a, const struct forecast_result *reply, int64_t last_sale, size_t *place)
{
    char kind;
    int number;
    char id[32];
    snprintf(id, sizeof id, "%.*s", (int)reply->request_id.size, reply->request_id.data);
    assert_int_equal(sscanf(id, "%c%d", &kind, &number), 2);
    bool busy = reply->status == RESULT_BUSY;
    if (kind != 'f') {
        (kind == 'q' ? a->quiet : a->other)[number]++;
        a->others_busy += busy;
        assert_int_equal(reply->step_count, busy ? 0 : 8);
        return;
    }
    a->flood[number]++;
    a->flood_busy += busy;
    a->flood_full += reply->step_count == MESSAGE_HORIZON_MAX;
    assert_true(busy ? reply->step_count == 0 && reply->sentence.size > 0 : reply->step_count == MESSAGE_HORIZON_MAX);
    a->in_first_half += ++*place <= FLOOD / 2 && reply->sales_offset >= last_sale;
}

/* While they come: the broker keeps only the last of them. Until nothing more does when all are there. */
static void read_answers(struct rig *r, int64_t last_sale, struct answers *out)
{
    const char *name = topics_name(&r->topics, TOPIC_REPLIES);
    struct client_reader *reader;
    struct client_message m;
    struct error err;
    struct forecast_result reply;
    size_t place = 0, count = 0;
    bool at_end = false;
    assert_ok(client_reader_new(r->client, &name, 1, CLIENT_FROM_ZERO, &reader, &err));
    for (int64_t until = loop_now_us() + RIG_WAIT_MS * 1000; !(at_end && count >= FLOOD + 2 * QUIET);) {
        assert_true(loop_now_us() < until && !rig_worker_has_died(r));
        assert_ok(client_poll(r->client, 0, &err));
        enum status status = client_read(reader, 100, &m, &err);
        at_end = status == STATUS_NOT_FOUND || status == STATUS_BUSY;
        if (at_end)
            continue;
        if (status)
            fail_msg("%s", err.text);
        arena_clear(&r->arena);
        assert_ok(codec_decode_forecast_result(r->codec, m.value, &r->arena, &reply, NULL, NULL));
        note(out, &reply, last_sale, &place);
        out->bytes += m.value.size;
        count++;
    }
    client_reader_free(reader);
}

/* Two stores of one partition, and one of another. */
static void choose_stores(const struct rig *r, char flooding[8], char quiet[8], char other[8])
{
    char id[8];
    strcpy(flooding, "1");
    *quiet = *other = '\0';
    for (int store = 2; store <= STORES; store++) {
        snprintf(id, sizeof id, "%d", store);
        strcpy(home(r, id) == home(r, flooding) ? quiet : other, id);
    }
    assert_true(*quiet && *other);
}

static int64_t totals_in(const struct rig *r, int32_t partition, int weeks)
{
    int64_t count = 0;
    char id[8];
    for (int store = 1; store <= STORES; store++) {
        snprintf(id, sizeof id, "%d", store);
        count += home(r, id) == partition ? weeks : 0;
    }
    return count;
}

static void a_flood_of_requests_is_answered_busy_and_others_and_sales_are_served(void **state)
{
    (void)state;
    struct rig r;
    char flooding[8], quiet[8], other[8], id[16];
    static struct answers a;
    rig_start(&r, PARTITIONS);
    choose_stores(&r, flooding, quiet, other);
    rig_start_worker(&r, NULL, NULL);
    rig_send_totals(&r, STORES, 0, WEEKS);
    assert_true(rig_wait_handled(&r));
    assert_int_equal(rig_stop_worker(&r), 0);
    for (int i = 0; i < FLOOD; i++) {
        snprintf(id, sizeof id, "f%d", i);
        ask(&r, id, flooding, MESSAGE_HORIZON_MAX, i % 100 == 0 ? QUANTILES : 1);
        if (i % (FLOOD / QUIET) == 0) {
            snprintf(id, sizeof id, "q%d", i / (FLOOD / QUIET));
            ask(&r, id, quiet, 8, 0);
            *id = 'o';
            ask(&r, id, other, 8, 0);
        }
    }
    rig_send_totals(&r, STORES, WEEKS, WEEKS + MORE_WEEKS);
    rig_start_worker(&r, NULL, NULL);
    read_answers(&r, totals_in(&r, home(&r, flooding), WEEKS + MORE_WEEKS) - 1, &a);
    assert_true(rig_wait_handled(&r));
    assert_int_equal(rig_stop_worker(&r), 0);
    for (int i = 0; i < FLOOD; i++)
        assert_int_equal(a.flood[i], 1);
    for (int i = 0; i < QUIET; i++)
        assert_true(a.quiet[i] == 1 && a.other[i] == 1);
    print_message("of %d requests %zu were answered, %zu BUSY; %zu knew all sales when half of them was not answered; %llu KiB\n", FLOOD, a.flood_full,
                  a.flood_busy, a.in_first_half, (unsigned long long)a.bytes >> 10);
    assert_true(a.flood_busy > FLOOD / 2 && a.flood_full >= 8);
    assert_int_equal(a.others_busy, 0);
    assert_true(a.in_first_half > 0);
    rig_finish(&r);
}

static void a_flood_of_nonsense_becomes_as_many_dead_letters(void **state)
{
    (void)state;
    enum { NONSENSE = 12000 };
    struct rig r;
    struct rig_table letters;
    rig_start(&r, 1);
    for (int i = 0; i < NONSENSE; i++)
        rig_send(&r, TOPIC_REQUESTS, 0, rig_bytes("1"), rig_bytes("nonsense"));
    rig_start_worker(&r, NULL, (const char *[]){"-X", "batch.max.records=12000", "-X", "batch.max.ms=10000", NULL});
    assert_true(rig_wait_handled(&r));
    assert_int_equal(rig_stop_worker(&r), 0);
    rig_read(&r, TOPIC_DEAD, &letters);
    assert_int_equal(letters.records, NONSENSE);
    rig_table_free(&letters);
    rig_finish(&r);
}

static void send_sale(struct rig *r, int number, date_t day)
{
    char event[32];
    struct buffer value = {0};
    snprintf(event, sizeof event, "sale-%d", number);
    struct sales_update u = {
        .event_id = text_of(event), .store = text_of("1"), .business_date = day, .issued_at_ms = date_ms(day), .kind = BODY_SALE};
    u.body.sale.sold = (struct measures){.amount = 1000000, .has_amount = true};
    assert_ok(codec_encode_sales_update(&u, &value));
    rig_send(r, TOPIC_SALES, 0, rig_bytes("1"), buffer_bytes(&value));
    buffer_done(&value);
}

/* Event ids are kept for some weeks and then dropped all at once; a batch may be as large as one allows. */
static void a_batch_of_many_records_holds_nobody(void **state)
{
    (void)state;
    enum { SALES = 30000, LATER_WEEKS = 8 };
    struct rig r;
    struct rig_table forecasts;
    rig_start(&r, 1);
    rig_start_worker(&r, NULL, (const char *[]){"-X", "batch.max.records=100000", "-X", "batch.max.ms=2000", NULL});
    for (int i = 0; i < SALES; i++)
        send_sale(&r, i, RIG_FIRST_DAY);
    for (int week = 1; week < LATER_WEEKS; week++)
        send_sale(&r, SALES + week, RIG_FIRST_DAY + 7 * week);
    assert_true(rig_wait_handled(&r));
    assert_int_equal(rig_stop_worker(&r), 0);
    rig_read(&r, TOPIC_FORECASTS, &forecasts);
    assert_true(forecasts.records >= LATER_WEEKS - 2);
    rig_table_free(&forecasts);
    rig_finish(&r);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_of_requests_is_answered_busy_and_others_and_sales_are_served),
        cmocka_unit_test(a_flood_of_nonsense_becomes_as_many_dead_letters),
        cmocka_unit_test(a_batch_of_many_records_holds_nobody),
    };
    return fixture_run(argc, argv, tests);
}
