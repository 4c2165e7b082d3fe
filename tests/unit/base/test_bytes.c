#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/table.h"
#include "support/fixture.h"

static void what_is_put_is_read_back(void **state)
{
    (void)state;
    struct buffer b = {0};
    buffer_put_u8(&b, 200);
    buffer_put_u16(&b, 60000);
    buffer_put_u32(&b, 4000000000u);
    buffer_put_u64(&b, UINT64_C(18000000000000000000));
    buffer_put_double(&b, -0.1);
    buffer_put_big32(&b, 0x01020304);
    buffer_put_big64(&b, UINT64_C(0x0102030405060708));
    buffer_put_text(&b, text_of("till"));
    buffer_put_text(&b, text_of(""));
    buffer_put_text(&b, (struct text){NULL, 0});
    assert_ok(buffer_status(&b));
    struct reader r = reader_of(buffer_bytes(&b));
    assert_int_equal(reader_u8(&r), 200);
    assert_int_equal(reader_u16(&r), 60000);
    assert_int_equal(reader_u32(&r), 4000000000u);
    assert_true(reader_u64(&r) == UINT64_C(18000000000000000000));
    assert_true(reader_double(&r) == -0.1);
    assert_int_equal(r.at[0], 1); /* big-endian: keys sort by number */
    assert_int_equal(reader_big32(&r), 0x01020304);
    assert_true(reader_big64(&r) == UINT64_C(0x0102030405060708));
    assert_true(text_equal(reader_text(&r), text_of("till")));
    struct text empty = reader_text(&r), absent = reader_text(&r);
    assert_true(empty.data && empty.size == 0 && !absent.data);
    assert_true(!r.failed && r.left == 0);
    for (size_t cut = 0; cut < b.size; cut++) { /* every truncation is noticed */
        struct reader t = reader_of((struct bytes){b.data, cut});
        (void)reader_u8(&t), (void)reader_u16(&t), (void)reader_u32(&t), (void)reader_u64(&t), (void)reader_double(&t);
        (void)reader_big32(&t), (void)reader_big64(&t), (void)reader_text(&t), (void)reader_text(&t), (void)reader_text(&t);
        assert_true(t.failed);
    }
    buffer_done(&b);
}

static void texts_compare_by_bytes(void **state)
{
    (void)state;
    assert_true(text_compare(text_of("10"), text_of("9")) < 0);
    assert_true(text_compare(text_of("a"), text_of("ab")) < 0);
    assert_true(text_compare((struct text){NULL, 0}, text_of("")) < 0);
    assert_int_equal(text_compare(text_of("x"), text_of("x")), 0);
    assert_false(text_equal((struct text){NULL, 0}, text_of("")));
}

static void a_table_agrees_with_a_plain_list(void **state)
{
    (void)state;
    struct table t = {0};
    static uint32_t plain[500];
    memset(plain, 0xff, sizeof plain);
    unsigned random = 1;
    for (uint32_t step = 0; step < 20000; step++) {
        random = random * 1103515245u + 12345u;
        uint32_t key = random / 65536 % 500;
        struct bytes bytes = {(const uint8_t *)&key, sizeof key};
        if (random & 512) {
            assert_ok(table_put(&t, bytes, step));
            plain[key] = step;
        } else {
            table_remove(&t, bytes);
            plain[key] = TABLE_NONE;
        }
        uint32_t other = (key + 13) % 500;
        assert_int_equal(table_get(&t, (struct bytes){(const uint8_t *)&other, sizeof other}), plain[other]);
    }
    table_done(&t);
}

static void an_arena_gives_zeroed_memory_that_does_not_overlap(void **state)
{
    (void)state;
    struct arena a = {0};
    for (int round = 0; round < 3; round++) {
        uint8_t *last = NULL;
        for (size_t size = 1; size < 200000; size = size * 3 + 1) {
            uint8_t *at = arena_alloc(&a, size);
            assert_non_null(at);
            for (size_t i = 0; i < size; i++)
                assert_int_equal(at[i], 0);
            memset(at, 0xaa, size);
            if (last)
                assert_int_equal(last[0], 0xaa);
            last = at;
        }
        arena_clear(&a);
    }
    assert_null(arena_array(&a, SIZE_MAX / 2, 16));
    assert_null(arena_text(&a, (struct text){NULL, 0}).data);
    arena_done(&a);
}

static void errors_take_context_and_never_overrun(void **state)
{
    (void)state;
    struct error err;
    assert_int_equal(error_set(&err, STATUS_IO, "cannot write: %s", "disk full"), STATUS_IO);
    assert_int_equal(error_wrap(&err, "state"), STATUS_IO);
    assert_string_equal(err.text, "state: cannot write: disk full");
    for (int i = 0; i < 400; i++)
        (void)error_wrap(&err, "a rather long context number %d", i);
    assert_true(strlen(err.text) < sizeof err.text);
    assert_int_equal(error_set(NULL, STATUS_BUSY, "x"), STATUS_BUSY);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_is_read_back),
        cmocka_unit_test(texts_compare_by_bytes),
        cmocka_unit_test(a_table_agrees_with_a_plain_list),
        cmocka_unit_test(an_arena_gives_zeroed_memory_that_does_not_overlap),
        cmocka_unit_test(errors_take_context_and_never_overrun),
    };
    return fixture_run(argc, argv, tests);
}
