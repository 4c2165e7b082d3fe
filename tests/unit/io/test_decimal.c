#include "support/fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/decimal.h"

static void assert_millionths(const char *text, char point, int64_t expected)
{
    int64_t value = 0;
    int result = decimal_millionths(text_of(text), point, &value);
    if (result != DECIMAL_OK || value != expected) {
        print_error("'%s': result %d, %" PRId64 ", not %" PRId64 "\n", text, result, value, expected);
        fail();
    }
}

static void assert_result(const char *text, enum decimal_result expected)
{
    int64_t value = 77;
    int result = decimal_millionths(text_of(text), '.', &value);
    if (result != (int)expected || value != 77) {
        print_error("'%s': result %d, not %d\n", text, result, (int)expected);
        fail();
    }
}

static void decimals_are_exact(void **state)
{
    (void)state;
    assert_millionths("1643690.9", '.', INT64_C(1643690900000));
    assert_millionths("0.1", '.', 100000);
    assert_millionths("-.5", '.', -500000);
    assert_millionths("+5.", '.', 5000000);
    assert_millionths(" 007 ", '.', 7000000);
    assert_millionths("123456789012.123456", '.', INT64_C(123456789012123456)); /* not a double */
    assert_millionths("0", '.', 0);
    assert_millionths("-0.0", '.', 0);
}

static void more_than_six_decimals_round_half_away_from_zero(void **state)
{
    (void)state;
    assert_millionths("0.0000005", '.', 1);
    assert_millionths("-0.0000005", '.', -1);
    assert_millionths("0.00000049999999999999999999999", '.', 0);
    assert_millionths("1.9999999", '.', 2000000);
    assert_millionths("0.00000000000000000000000000000000000000000000000000000000000000000000000000000001", '.', 0);
}

static void exponents_as_spreadsheets_write_them(void **state)
{
    (void)state;
    assert_millionths("1.5e3", '.', INT64_C(1500000000));
    assert_millionths("1E+06", '.', INT64_C(1000000000000));
    assert_millionths("25e-2", '.', 250000);
    assert_millionths("1e-99999999999", '.', 0);
    assert_millionths("0e99999999999", '.', 0);
}

static void groups_of_three_are_read_and_others_refused(void **state)
{
    (void)state;
    assert_millionths("1,643,690.90", '.', INT64_C(1643690900000));
    assert_millionths("1.643.690,90", ',', INT64_C(1643690900000));
    assert_millionths("12,5", ',', 12500000);
    assert_result("12,5", DECIMAL_INVALID);
    assert_result("1,64,000", DECIMAL_INVALID);
    assert_result("1234,567", DECIMAL_INVALID);
    assert_result(",123", DECIMAL_INVALID);
}

static void what_stands_for_nothing_is_absent(void **state)
{
    (void)state;
    const char *const words[] = {"", "  ", "NA", "n/a", "NaN", "null", "None", "-"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        assert_result(words[i], DECIMAL_ABSENT);
}

static void other_texts_are_invalid_and_huge_ones_too_large(void **state)
{
    (void)state;
    const char *const words[] = {"abc", "1.2.3", "$5", "1 2", "--1", "1e", "e5", ".", "+", "0x10", "inf", "1e5x"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        assert_result(words[i], DECIMAL_INVALID);
    assert_result("1000000000000", DECIMAL_TOO_LARGE);
    assert_result("1e300", DECIMAL_TOO_LARGE);
    assert_result("-1e99999999999", DECIMAL_TOO_LARGE);
    assert_result("99999999999999999999999999999999999999999999999999999999999999999999999999999999", DECIMAL_TOO_LARGE);
    assert_millionths("999999999999.999999", '.', INT64_C(999999999999999999));
}

static void any_whole_number_of_cents_comes_back(void **state)
{
    (void)state;
    uint64_t seed = 42;
    for (int i = 0; i < 20000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1;
        int64_t cents = (int64_t)(seed >> 24) - (INT64_C(1) << 39);
        char text[40];
        snprintf(text, sizeof text, "%s%" PRId64 ".%02d", cents < 0 ? "-" : "", labs(cents) / 100, (int)(labs(cents) % 100));
        assert_millionths(text, '.', cents * 10000);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_are_exact),
        cmocka_unit_test(more_than_six_decimals_round_half_away_from_zero),
        cmocka_unit_test(exponents_as_spreadsheets_write_them),
        cmocka_unit_test(groups_of_three_are_read_and_others_refused),
        cmocka_unit_test(what_stands_for_nothing_is_absent),
        cmocka_unit_test(other_texts_are_invalid_and_huge_ones_too_large),
        cmocka_unit_test(any_whole_number_of_cents_comes_back),
    };
    return fixture_run(argc, argv, tests);
}
