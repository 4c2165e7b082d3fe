#include "support/fixture.h"

#include <string.h>

#include "base/error.h"

static void what_strangers_wrote_stays_one_line(void **state)
{
    (void)state;
    struct error err;
    assert_status(error_set(&err, STATUS_BAD_DATA, "column %s: '%s' is not a number", "x", "1\n2\x1b[31m\x7f"), STATUS_BAD_DATA);
    assert_string_equal(err.text, "column x: '1?2?[31m?' is not a number");
    assert_status(error_wrap(&err, "f\r.csv"), STATUS_BAD_DATA);
    assert_string_equal(err.text, "f?.csv: column x: '1?2?[31m?' is not a number");
    (void)error_set(&err, STATUS_IO, "K\xc3\xb6ln");
    assert_string_equal(err.text, "K\xc3\xb6ln");
}

static void long_texts_are_cut_at_the_end(void **state)
{
    (void)state;
    struct error err;
    char text[3000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    (void)error_set(&err, STATUS_IO, "%s", text);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_status(error_wrap(&err, "%s", text), STATUS_IO);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_status(error_set(NULL, STATUS_IO, "nobody reads it"), STATUS_IO);
    assert_status(error_wrap(NULL, "nobody reads it"), STATUS_IO);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_strangers_wrote_stays_one_line),
        cmocka_unit_test(long_texts_are_cut_at_the_end),
    };
    return fixture_run(argc, argv, tests);
}
