#include "support/fixture.h"

#include <string.h>

#include "app/progress.h"

static char line[200];

static void a_half_done_bar_is_half_full_and_fits(void **state)
{
    (void)state;
    struct progress p = {.label = "replay", .done = 50, .total = 100, .start_ms = 0};
    progress_format(&p, 2000, 60, line, sizeof line);
    assert_non_null(strstr(line, " 50 %  50/100  2 s left"));
    const char *open = strchr(line, '['), *close = strchr(line, ']');
    assert_non_null(open);
    size_t filled = strspn(open + 1, "#");
    assert_int_equal(filled, (size_t)(close - open - 1) / 2);
    assert_true(strlen(line) <= 60);
}

static void ends_and_narrow_terminals_are_handled(void **state)
{
    (void)state;
    struct progress p = {.label = "replay", .done = 0, .total = 100};
    progress_format(&p, 5000, 80, line, sizeof line);
    assert_non_null(strstr(line, "  0 %  0/100"));
    p.done = 120; /* more than announced is all of it */
    progress_format(&p, 5000, 80, line, sizeof line);
    assert_non_null(strstr(line, "100 %  100/100"));
    progress_format(&p, 5000, 10, line, sizeof line);
    assert_string_equal(line, "replay 100 %  100/100");
    p.total = 0;
    progress_format(&p, 5000, 80, line, sizeof line);
    assert_string_equal(line, "replay  120");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_half_done_bar_is_half_full_and_fits),
        cmocka_unit_test(ends_and_narrow_terminals_are_handled),
    };
    return fixture_run(argc, argv, tests);
}
