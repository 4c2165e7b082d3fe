/* What a codec says when it finds no memory; it works again afterwards. Inside avro-c it ends the program: test_codec_reading.c. */
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "support/fault.h"
#include "support/fixture.h"

static void a_schema_that_finds_no_memory_is_not_learnt(void **state)
{
    (void)state;
    struct codec *c = NULL;
    struct error why = {0};
    assert_ok(codec_new(&c));
    fault_start(0);
    enum status status = codec_schema_add(c, 77, codec_record_schema(CODEC_SALES_UPDATE), &why);
    fault_stop();
    assert_status(status, STATUS_NO_MEMORY);
    assert_string_equal(why.text, "out of memory");
    assert_false(codec_schema_known(c, 77));
    assert_ok(codec_schema_add(c, 77, codec_record_schema(CODEC_SALES_UPDATE), &why));
    codec_free(c);
}

struct message {
    struct codec *codec;
    struct buffer bytes;
};

static bool decode(void *context)
{
    struct message *m = context;
    struct arena arena = {0};
    struct sales_update out;
    enum dead_letter code = DEAD_LETTER_COUNT;
    struct error why = {0};
    enum status status = codec_decode_sales_update(m->codec, buffer_bytes(&m->bytes), &arena, &out, &code, &why);
    assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
    if (status == STATUS_OK) {
        assert_true(text_equal(out.store, text_of("7")) && out.body.total.covariate_count == 3);
        assert_true(text_equal(out.body.total.covariates[2].name, text_of("third")));
    } else {
        assert_string_equal(why.text, "out of memory");
        assert_int_equal(code, DEAD_LETTER_COUNT); /* not the message's fault */
    }
    arena_done(&arena);
    return status == STATUS_OK;
}

static void a_message_that_finds_no_memory_is_no_dead_letter(void **state)
{
    (void)state;
    static const struct named_value covariates[] = {{{"temperature", 11}, 21.5}, {{"second", 6}, 2}, {{"third", 5}, 3}};
    struct message m = {0};
    struct sales_update u = {
        .event_id = text_of("e-1"), .store = text_of("7"), .business_date = 15639, .issued_at_ms = 1351242000123, .kind = BODY_TOTAL};
    u.body.total.gross = (struct measures){.amount = 2 * MILLIONTHS, .has_amount = true};
    u.body.total.covariates = covariates;
    u.body.total.covariate_count = 3;
    assert_ok(codec_new(&m.codec));
    assert_ok(codec_encode_sales_update(&u, &m.bytes));
    fault_start(0);
    bool decoded = decode(&m);
    fault_stop();
    assert_false(decoded);
    assert_true(decode(&m));
    buffer_done(&m.bytes);
    codec_free(m.codec);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schema_that_finds_no_memory_is_not_learnt),
        cmocka_unit_test(a_message_that_finds_no_memory_is_no_dead_letter),
    };
    return fixture_run(argc, argv, tests);
}
