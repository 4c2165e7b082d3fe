#include "forecast/member.h"

#include <string.h>

#include "support/fixture.h"

static void ids_names_and_helps_are_there_and_differ(void **state)
{
    (void)state;
    for (enum member a = 0; a < MEMBER_COUNT; a++) {
        assert_true(member_table[a].id > 0 && member_table[a].version > 0);
        assert_true(strlen(member_table[a].help) > 0 && member_table[a].max_horizon >= 150);
        for (enum member b = a + 1; b < MEMBER_COUNT; b++) {
            assert_int_not_equal(member_table[a].id, member_table[b].id);
            assert_string_not_equal(member_table[a].name, member_table[b].name);
        }
    }
}

static void every_member_is_found_by_name_and_id(void **state)
{
    (void)state;
    for (enum member m = 0; m < MEMBER_COUNT; m++) {
        assert_int_equal(member_find(text_of(member_table[m].name)), m);
        assert_int_equal(member_of_id(member_table[m].id), m);
    }
}

static void ids_in_state_records_never_change(void **state)
{
    (void)state;
    assert_int_equal(member_table[MEMBER_ENSEMBLE].id, 1);
    assert_int_equal(member_table[MEMBER_SEASONAL_YOY].id, 2);
    assert_int_equal(member_table[MEMBER_SEASONAL_YOY_SINGLE].id, 3);
    assert_int_equal(member_table[MEMBER_SEASONAL_YOY_ALONE].id, 4);
    assert_int_equal(member_table[MEMBER_SISTERS].id, 5);
    assert_int_equal(member_table[MEMBER_MEAN].id, 6);
    assert_int_equal(member_table[MEMBER_SES].id, 7);
    assert_int_equal(member_table[MEMBER_DAMPED_DRIFT].id, 8);
    assert_int_equal(member_table[MEMBER_SEASONAL_NAIVE].id, 9);
    assert_int_equal(member_table[MEMBER_NAIVE].id, 10);
    assert_int_equal(member_table[MEMBER_ARIMA_GROWTH].id, 11);
    assert_int_equal(member_table[MEMBER_ARIMA_REGRESSION].id, 12);
    assert_int_equal(member_table[MEMBER_DAMPED_GROWTH].id, 13);
}

static void what_does_not_exist_is_not_found(void **state)
{
    (void)state;
    assert_int_equal(member_find(text_of("prophet")), MEMBER_COUNT);
    assert_int_equal(member_find(text_of("best")), MEMBER_COUNT);
    assert_int_equal(member_find(text_of("")), MEMBER_COUNT);
    assert_int_equal(member_find(text_of("Naive")), MEMBER_COUNT);
    assert_int_equal(member_find(text_of(NULL)), MEMBER_COUNT);
    assert_int_equal(member_of_id(0), MEMBER_COUNT);
    assert_int_equal(member_of_id(999), MEMBER_COUNT);
}

static void all_are_those_that_need_no_request(void **state)
{
    (void)state;
    for (enum member m = 0; m < MEMBER_COUNT; m++) {
        const bool on_request = (member_table[m].flags & MEMBER_ON_REQUEST) != 0;
        assert_int_equal(member_in(member_on_request(), m), on_request);
        assert_int_equal(member_in(member_all(), m), !on_request);
    }
    assert_true(member_in(member_on_request(), MEMBER_ARIMA_GROWTH) && member_in(member_all(), MEMBER_ENSEMBLE));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_names_and_helps_are_there_and_differ), cmocka_unit_test(every_member_is_found_by_name_and_id),
        cmocka_unit_test(ids_in_state_records_never_change),        cmocka_unit_test(what_does_not_exist_is_not_found),
        cmocka_unit_test(all_are_those_that_need_no_request),
    };
    return fixture_run(argc, argv, tests);
}
