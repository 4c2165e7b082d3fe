#include "support/fixture.h"

#include <string.h>

#include "base/log.h"

static char last[4096];
static int lines;

static void keep(void *context, struct text line)
{
    (void)context;
    lines++;
    memcpy(last, line.data, line.size);
    last[line.size] = '\0';
}

static int setup(void **state)
{
    (void)state;
    log_set_sink(keep, NULL);
    log_set_level(LOG_INFO);
    lines = 0;
    last[0] = '\0';
    return 0;
}

static void assert_escaped(const char *data, size_t size, const char *expected)
{
    struct buffer b = {0};
    log_escape(&b, (struct text){data, size});
    buffer_put_u8(&b, 0);
    assert_string_equal((const char *)b.data, expected);
    buffer_done(&b);
}

static void a_line_has_time_level_event_and_pairs(void **state)
{
    (void)state;
    log_event(LOG_WARN, "batch_slow", "records=%d ms=%d", 5, 700);
    assert_int_equal(lines, 1);
    assert_int_equal(last[4], '-');
    assert_int_equal(last[10], 'T');
    assert_int_equal(last[23], 'Z');
    assert_string_equal(last + 24, " warn batch_slow records=5 ms=700\n");
}

static void lines_below_the_level_are_not_written(void **state)
{
    (void)state;
    log_event(LOG_DEBUG, "detail", "n=%d", 1);
    assert_int_equal(lines, 0);
    log_set_level(LOG_OFF);
    log_event(LOG_ERROR, "failure", "n=%d", 1);
    assert_int_equal(lines, 0);
    log_set_level(LOG_DEBUG);
    log_event(LOG_DEBUG, "detail", "n=%d", 1);
    assert_int_equal(lines, 1);
}

static void plain_values_stay_bare_and_others_are_quoted(void **state)
{
    (void)state;
    assert_escaped("store-7/milk", 12, "store-7/milk");
    assert_escaped("", 0, "\"\"");
    assert_escaped("a b", 3, "\"a b\"");
    assert_escaped("a=b", 3, "\"a=b\"");
    assert_escaped("say \"x\\y\"", 9, "\"say \\\"x\\\\y\\\"\"");
    assert_escaped("Z\xc3\xbcrich", 7, "\"Z\xc3\xbcrich\"");
}

static void a_hostile_name_cannot_forge_a_line_or_move_the_cursor(void **state)
{
    (void)state;
    assert_escaped("x\n2026 error forged", 19, "\"x\\n2026 error forged\"");
    assert_escaped("\x1b[2J", 4, "\"\\x1b[2J\"");
    assert_escaped("\0a", 2, "\"\\x00a\"");
    assert_escaped("\xe2\x80\xae" "abc", 6, "\"\\u{202e}abc\""); /* right-to-left override */
    assert_escaped("\xc2\x9b" "1m", 4, "\"\\u{009b}1m\"");      /* C1 control: another escape */
    assert_escaped("\xff\xfe", 2, "\"\\xff\\xfe\"");
    assert_escaped("\xc0\xaf", 2, "\"\\xc0\\xaf\"");           /* overlong */
    assert_escaped("\xed\xa0\x80", 3, "\"\\xed\\xa0\\x80\"");  /* surrogate */
    assert_escaped("\xe2\x82", 2, "\"\\xe2\\x82\"");           /* cut */
}

static void a_long_value_is_cut_but_the_line_ends(void **state)
{
    (void)state;
    static char value[5000];
    memset(value, 'a', sizeof value);
    struct log_line l;
    log_begin(&l, LOG_INFO, "big");
    log_int(&l, "n", 1);
    log_text(&l, "name", (struct text){value, sizeof value});
    log_int(&l, "after", 2);
    log_end(&l);
    size_t size = strlen(last);
    assert_true(size < 1600);
    assert_string_equal(last + size - 5, " ...\n");
    assert_non_null(strstr(last, " n=1"));
}

static void an_absent_text_is_empty(void **state)
{
    (void)state;
    struct log_line l;
    log_begin(&l, LOG_INFO, "e");
    log_string(&l, "product", NULL);
    log_number(&l, "share", 0.25);
    log_end(&l);
    assert_non_null(strstr(last, " e product=\"\" share=0.25\n"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_line_has_time_level_event_and_pairs, setup),
        cmocka_unit_test_setup(lines_below_the_level_are_not_written, setup),
        cmocka_unit_test(plain_values_stay_bare_and_others_are_quoted),
        cmocka_unit_test(a_hostile_name_cannot_forge_a_line_or_move_the_cursor),
        cmocka_unit_test_setup(a_long_value_is_cut_but_the_line_ends, setup),
        cmocka_unit_test_setup(an_absent_text_is_empty, setup),
    };
    return fixture_run(argc, argv, tests);
}
