/* Every kind of input that is not fit to be used becomes a dead letter with its code; requests get replies. */
#include "integration/rig.h"

#include <time.h>

static struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){data, size};
}

static struct sales_update sale(const char *event, const char *store, date_t day, double amount)
{
    struct sales_update u = {
        .event_id = text_of(event), .store = text_of(store), .business_date = day, .issued_at_ms = date_ms(day), .kind = BODY_SALE};
    u.body.sale.sold = (struct measures){.amount = (int64_t)(amount * 1e6), .has_amount = true};
    return u;
}

static void send_update(struct rig *r, const struct sales_update *u, int32_t partition, const char *key)
{
    struct buffer value = {0};
    assert_ok(codec_encode_sales_update(u, &value));
    rig_send(r, TOPIC_SALES, partition, rig_bytes(key), buffer_bytes(&value));
    buffer_done(&value);
}

static int32_t home(const struct rig *r, const char *store)
{
    return hash_partition(store, strlen(store), r->partitions);
}

/* Today: the records carry the broker's time, and a business date may not lie far after it. */
static date_t today(void)
{
    return date_of_ms((int64_t)time(NULL) * 1000);
}

/* ---- dead letters */

struct letter {
    char code[32], message[512], topic[64], partition[16], offset[24], group[64], schema_id[24], value_bytes[24], sha256[80];
    char original[64]; /* header x-till */
    size_t value_size;
    bool has_key;
};

static void copy_header(const struct client_reader *reader, const char *name, char *out, size_t size)
{
    struct text value;
    out[0] = '\0';
    if (client_message_header(reader, name, &value))
        snprintf(out, size, "%.*s", (int)value.size, value.data);
}

static size_t read_letters(struct rig *r, struct letter *out, size_t capacity)
{
    const char *name = topics_name(&r->topics, TOPIC_DEAD);
    struct client_reader *reader;
    struct client_message m;
    struct error err;
    size_t count = 0;
    assert_ok(client_reader_new(r->client, &name, 1, CLIENT_FROM_ZERO, &reader, &err));
    while (count < capacity && client_read(reader, 10000, &m, &err) == STATUS_OK) {
        struct letter *l = &out[count++];
        copy_header(reader, "storecast.error.code", l->code, sizeof l->code);
        copy_header(reader, "storecast.error.message", l->message, sizeof l->message);
        copy_header(reader, "storecast.error.topic", l->topic, sizeof l->topic);
        copy_header(reader, "storecast.error.partition", l->partition, sizeof l->partition);
        copy_header(reader, "storecast.error.offset", l->offset, sizeof l->offset);
        copy_header(reader, "storecast.error.group", l->group, sizeof l->group);
        copy_header(reader, "storecast.error.schema_id", l->schema_id, sizeof l->schema_id);
        copy_header(reader, "storecast.error.value_bytes", l->value_bytes, sizeof l->value_bytes);
        copy_header(reader, "storecast.error.value_sha256", l->sha256, sizeof l->sha256);
        copy_header(reader, "x-till", l->original, sizeof l->original);
        l->value_size = m.value.size;
        l->has_key = m.key.data != NULL;
    }
    client_reader_free(reader);
    return count;
}

static size_t count_code(const struct letter *letters, size_t count, const char *code)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += strcmp(letters[i].code, code) == 0;
    return n;
}

static void send_hostile_bytes(struct rig *r, const char *store)
{
    int32_t p = home(r, store);
    static uint8_t large[900 * 1024];
    uint8_t noise[64];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(i * 151 + 7);
    rig_send(r, TOPIC_SALES, p, rig_bytes(store), (struct bytes){0});             /* null */
    rig_send(r, TOPIC_SALES, p, rig_bytes(store), bytes_of("", 0));               /* empty */
    rig_send(r, TOPIC_SALES, p, rig_bytes(store), bytes_of(noise, sizeof noise)); /* noise */
    rig_send(r, TOPIC_SALES, p, rig_bytes(store), bytes_of("\0\0\0\0\1xyz", 8));  /* an unknown schema */
    rig_send(r, TOPIC_SALES, p, rig_bytes(store), bytes_of(large, sizeof large)); /* 900 KB */
    struct buffer value = {0};
    struct sales_update u = sale("cut", store, today(), 1);
    assert_ok(codec_encode_sales_update(&u, &value));
    rig_send(r, TOPIC_SALES, p, rig_bytes(store), bytes_of(value.data, value.size - 3)); /* truncated */
    buffer_put_u8(&value, 0);
    rig_send(r, TOPIC_SALES, p, rig_bytes(store), buffer_bytes(&value)); /* a byte too long */
    buffer_done(&value);
}

static void send_wrong_places_and_dates(struct rig *r, const char *store)
{
    int32_t p = home(r, store), elsewhere = (p + 1) % r->partitions;
    struct sales_update u = sale("misplaced", store, today(), 1);
    send_update(r, &u, elsewhere, store); /* WRONG_PARTITION */
    u = sale("mismatch", "somebody else", today(), 1);
    send_update(r, &u, p, store); /* KEY_MISMATCH */
    u = sale("old", store, date_of(1901, 1, 1), 1);
    send_update(r, &u, p, store); /* DATE_RANGE */
    u = sale("far", store, date_of(9999, 12, 31), 1);
    send_update(r, &u, p, store); /* TOO_FAR_AHEAD */
    u = (struct sales_update){.event_id = text_of("plan"), .store = text_of(store), .business_date = today(), .kind = BODY_PLAN};
    u.body.plan.first_date = u.body.plan.last_date = today();
    send_update(r, &u, p, store); /* NOT_SUPPORTED_YET */
}

static void hostile_records_become_dead_letters_and_the_next_one_is_applied(void **state)
{
    (void)state;
    struct rig r;
    struct letter letters[64];
    rig_start(&r, 3);
    rig_start_worker(&r, NULL, NULL);
    const char *store = "store-1";
    send_hostile_bytes(&r, store);
    send_wrong_places_and_dates(&r, store);
    struct sales_update good = sale("good", store, today(), 12.5);
    send_update(&r, &good, home(&r, store), store);
    assert_true(rig_wait_handled(&r));
    assert_int_equal(rig_stop_worker(&r), 0);
    size_t count = read_letters(&r, letters, 64);
    assert_int_equal(count, 12);
    assert_int_equal(count_code(letters, count, "MALFORMED"), 5); /* null, empty, noise, truncated, too long */
    assert_int_equal(count_code(letters, count, "UNKNOWN_SCHEMA"), 1);
    assert_int_equal(count_code(letters, count, "TOO_LARGE"), 1);
    assert_int_equal(count_code(letters, count, "WRONG_PARTITION"), 1);
    assert_int_equal(count_code(letters, count, "KEY_MISMATCH"), 1);
    assert_int_equal(count_code(letters, count, "DATE_RANGE"), 1);
    assert_int_equal(count_code(letters, count, "TOO_FAR_AHEAD"), 1);
    assert_int_equal(count_code(letters, count, "NOT_SUPPORTED_YET"), 1);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(letters[i].topic, "storecast.sales-updates");
        assert_string_equal(letters[i].group, "storecast");
        assert_true(letters[i].message[0] && letters[i].offset[0] && letters[i].partition[0] && letters[i].has_key);
    }
    rig_finish(&r);
}

static void a_large_dead_letter_keeps_64_kib_and_says_what_the_rest_was(void **state)
{
    (void)state;
    struct rig r;
    struct letter letter;
    static uint8_t large[200000];
    rig_start(&r, 1);
    rig_start_worker(&r, NULL, NULL);
    struct error err;
    const struct kafka_header till = {"x-till", rig_bytes("seven")};
    const struct client_record record = {.topic = topics_name(&r.topics, TOPIC_SALES),
                                         .key = rig_bytes("1"),
                                         .value = bytes_of(large, sizeof large),
                                         .headers = &till,
                                         .header_count = 1};
    assert_ok(client_send(r.client, &record, &err));
    assert_true(rig_wait_handled(&r));
    assert_int_equal(rig_stop_worker(&r), 0);
    assert_int_equal(read_letters(&r, &letter, 1), 1);
    assert_string_equal(letter.code, "TOO_LARGE");
    assert_int_equal(letter.value_size, 65536);
    assert_string_equal(letter.value_bytes, "200000");
    /* head -c 200000 /dev/zero | sha256sum */
    assert_string_equal(letter.sha256, "4cbbd9be0cba685835755f827758705db5a413c5494c34262cd25946a73e7582");
    assert_string_equal(letter.original, "seven");
    rig_finish(&r);
}

static void any_partitioner_switches_the_check_of_places_off(void **state)
{
    (void)state;
    struct rig r;
    struct letter letter;
    rig_start(&r, 3);
    rig_start_worker(&r, NULL, (const char *[]){"-X", "input.partitioner=any", NULL});
    struct sales_update u = sale("elsewhere", "store-1", today(), 1);
    send_update(&r, &u, (home(&r, "store-1") + 1) % 3, "store-1");
    assert_true(rig_wait_handled(&r));
    assert_int_equal(rig_stop_worker(&r), 0);
    assert_int_equal(read_letters(&r, &letter, 1), 0);
    rig_finish(&r);
}

/* ---- requests */

static void ask(struct rig *r, const char *id, const char *store, int32_t horizon, const char *model)
{
    struct text models[1] = {text_of(model)};
    struct forecast_request q = {.request_id = text_of(id),
                                 .store = text_of(store),
                                 .level = LEVEL_STORE,
                                 .horizon = horizon,
                                 .models = models,
                                 .model_count = model ? 1 : 0,
                                 .issued_at_ms = 1};
    struct buffer value = {0};
    assert_ok(codec_encode_forecast_request(&q, &value));
    rig_send(r, TOPIC_REQUESTS, home(r, store), rig_bytes(store), buffer_bytes(&value));
    buffer_done(&value);
}

/* The reply with this request id, decoded into the rig's arena. */
static size_t read_replies(struct rig *r, const char *id, struct forecast_result *out)
{
    const char *name = topics_name(&r->topics, TOPIC_REPLIES);
    struct client_reader *reader;
    struct client_message m;
    struct error err;
    struct forecast_result result;
    size_t found = 0;
    assert_ok(client_reader_new(r->client, &name, 1, CLIENT_FROM_ZERO, &reader, &err));
    while (client_read(reader, 10000, &m, &err) == STATUS_OK) {
        assert_ok(codec_decode_forecast_result(r->codec, m.value, &r->arena, &result, NULL, NULL));
        if (!text_equal(result.request_id, text_of(id)))
            continue;
        *out = result;
        found++;
    }
    client_reader_free(reader);
    return found;
}

static void every_request_gets_one_reply(void **state)
{
    (void)state;
    struct rig r;
    struct forecast_result reply;
    rig_start(&r, 2);
    rig_start_worker(&r, NULL, NULL);
    rig_send_totals(&r, 4, 0, 60);
    assert_true(rig_wait_handled(&r));
    const int32_t horizons[] = {1, 8, 52, 150};
    char id[16];
    for (size_t i = 0; i < 4; i++) {
        snprintf(id, sizeof id, "h%d", (int)horizons[i]);
        ask(&r, id, "2", horizons[i], NULL);
    }
    ask(&r, "unknown store", "no such store", 8, NULL);
    ask(&r, "zero", "2", 0, NULL);
    ask(&r, "too far", "2", 151, NULL);
    ask(&r, "no such model", "2", 8, "crystal ball");
    rig_send(&r, TOPIC_REQUESTS, 0, rig_bytes("2"), rig_bytes("nonsense"));
    assert_true(rig_wait_handled(&r));
    assert_int_equal(rig_stop_worker(&r), 0);
    for (size_t i = 0; i < 4; i++) {
        snprintf(id, sizeof id, "h%d", (int)horizons[i]);
        assert_int_equal(read_replies(&r, id, &reply), 1);
        assert_int_equal(reply.step_count, horizons[i]);
        assert_true(reply.status == RESULT_OK || reply.status == RESULT_SHORT_HISTORY || reply.status == RESULT_FALLBACK);
        assert_true(reply.sales_offset > 0 && reply.steps[0].quantile_count > 0 && reply.steps[0].model_count > 0);
    }
    assert_int_equal(read_replies(&r, "unknown store", &reply), 1);
    assert_int_equal(reply.status, RESULT_UNKNOWN_SERIES);
    const char *const invalid[] = {"zero", "too far", "no such model"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(read_replies(&r, invalid[i], &reply), 1);
        assert_int_equal(reply.status, RESULT_INVALID_REQUEST);
        assert_true(reply.sentence.size > 0);
    }
    struct letter letter;
    assert_int_equal(read_letters(&r, &letter, 1), 1);
    assert_string_equal(letter.code, "MALFORMED");
    assert_string_equal(letter.topic, "storecast.forecast-requests");
    rig_finish(&r);
}

static void requests_beyond_the_limit_of_a_batch_are_answered_busy(void **state)
{
    (void)state;
    struct rig r;
    struct forecast_result reply;
    char id[16];
    rig_start(&r, 1);
    for (int i = 0; i < 50; i++) {
        snprintf(id, sizeof id, "r%d", i);
        ask(&r, id, "2", 8, NULL);
    }
    rig_start_worker(&r, NULL, (const char *[]){"-X", "requests.per.batch=10", "-X", "batch.max.ms=2000", NULL});
    assert_true(rig_wait_handled(&r));
    assert_int_equal(rig_stop_worker(&r), 0);
    assert_int_equal(read_replies(&r, "r9", &reply), 1);
    assert_int_equal(reply.status, RESULT_UNKNOWN_SERIES);
    assert_int_equal(read_replies(&r, "r49", &reply), 1);
    assert_int_equal(reply.status, RESULT_BUSY);
    rig_finish(&r);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_records_become_dead_letters_and_the_next_one_is_applied),
        cmocka_unit_test(a_large_dead_letter_keeps_64_kib_and_says_what_the_rest_was),
        cmocka_unit_test(any_partitioner_switches_the_check_of_places_off),
        cmocka_unit_test(every_request_gets_one_reply),
        cmocka_unit_test(requests_beyond_the_limit_of_a_batch_are_answered_busy),
    };
    return fixture_run(argc, argv, tests);
}
