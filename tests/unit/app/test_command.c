#include "support/fixture.h"

#include <string.h>

#include "app/command_parse.h"

static const struct command_option options[] = {
    {.name = "--horizon", .kind = OPTION_INTEGER, .argument = "N", .fallback = "8", .min = 1, .max = 150, .help = "steps"},
    {.name = "--stay", .kind = OPTION_FLAG, .help = "stay"},
    {.name = "--format", .kind = OPTION_CHOICE, .argument = "FORMAT", .fallback = "table", .choices = "table|csv|json", .help = "how"},
    {.name = "--map", .kind = OPTION_TEXT, .argument = "A=B", .repeatable = true, .help = "names"},
    {.name = "--factor", .kind = OPTION_NUMBER, .argument = "X", .help = "factor"},
};
static const struct command command = {
    .name = "test", .arguments = "FILE", .summary = "x", .options = options, .option_count = sizeof options / sizeof options[0],
    .min_arguments = 1, .max_arguments = 1, .takes_config = true,
};

static char *arguments[20];
static struct command_value values[20];
static struct command_context c;
static bool wants_help;

#define parse(...) parse_list((const char *[]){__VA_ARGS__, NULL})
static enum status parse_list(const char **list)
{
    static char copies[20][100];
    char *argv[20];
    int argc = 0;
    for (; list[argc] != NULL; argc++) {
        snprintf(copies[argc], sizeof copies[argc], "%s", list[argc]);
        argv[argc] = copies[argc];
    }
    c = (struct command_context){.command = &command, .arguments = arguments, .values = values};
    return command_parse(&c, argc, argv, &wants_help);
}

static void options_and_arguments_may_be_mixed(void **state)
{
    (void)state;
    assert_ok(parse("--horizon", "12", "sales.csv", "--stay", "--map=a=b", "--map", "c=d", "-Xunit=EUR", "-X", "measure=amount"));
    assert_int_equal(command_integer(&c, "--horizon"), 12);
    assert_true(command_flag(&c, "--stay"));
    assert_int_equal(c.argument_count, 1);
    assert_string_equal(c.arguments[0], "sales.csv");
    assert_int_equal(command_count(&c, "--map"), 2);
    assert_string_equal(command_text_at(&c, "--map", 0), "a=b");
    assert_string_equal(command_text_at(&c, "--map", 1), "c=d");
    assert_null(command_text_at(&c, "--map", 2));
    assert_string_equal(command_text_at(&c, "-X", 0), "unit=EUR");
    assert_string_equal(command_text_at(&c, "-X", 1), "measure=amount");
}

static void an_absent_option_has_its_fallback_or_nothing(void **state)
{
    (void)state;
    assert_ok(parse("f"));
    assert_int_equal(command_integer(&c, "--horizon"), 8);
    assert_string_equal(command_text(&c, "--format"), "table");
    assert_null(command_text(&c, "--map"));
    assert_false(command_given(&c, "--format"));
    assert_true(command_number(&c, "--factor") == 0);
}

static void the_last_of_a_repeated_option_counts(void **state)
{
    (void)state;
    assert_ok(parse("f", "--factor", "0.5", "--factor=-1.5"));
    assert_true(command_number(&c, "--factor") == -1.5);
}

static void two_dashes_end_the_options_and_one_dash_is_an_argument(void **state)
{
    (void)state;
    assert_ok(parse("--", "--stay"));
    assert_string_equal(c.arguments[0], "--stay");
    assert_ok(parse("-"));
    assert_string_equal(c.arguments[0], "-");
}

static void an_optional_value_is_never_taken_from_the_next_word(void **state)
{
    (void)state;
    assert_ok(parse("--print-config", "f"));
    assert_string_equal(command_text(&c, "--print-config"), "");
    assert_ok(parse("--print-config=sample", "f"));
    assert_string_equal(command_text(&c, "--print-config"), "sample");
}

static void refused(enum status status, const char *why)
{
    assert_int_equal(status, STATUS_BAD_USAGE);
    if (strstr(c.err.text, why) == NULL) {
        print_error("%s\n", c.err.text);
        fail();
    }
}

static void a_wrong_command_line_says_what_is_wrong(void **state)
{
    (void)state;
    refused(parse("--horizon", "0", "f"), "--horizon: 0 is outside its range (allowed: 1 to 150)");
    refused(parse("--horizon", "1.5", "f"), "'1.5' is not a whole number");
    refused(parse("--horizon", "", "f"), "is not a whole number");
    refused(parse("--horizon"), "--horizon: its value is missing (N)");
    refused(parse("--format", "xml", "f"), "'xml' is not known (allowed: table|csv|json)");
    refused(parse("--format", "tab", "f"), "'tab' is not known");
    refused(parse("--stay=1", "f"), "--stay: it takes no value");
    refused(parse("--horizons=1", "f"), "there is no such option");
    refused(parse("-q", "f"), "there is no such option");
    refused(parse("--stay"), "something is missing (usage: storecast test [OPTION...] FILE)");
    refused(parse("a", "b"), "'b' is one too many");
    refused(parse("--factor", "inf", "f"), "is not a number");
}

static void help_is_asked_for_before_anything_is_checked(void **state)
{
    (void)state;
    assert_ok(parse("--help"));
    assert_true(wants_help);
    assert_ok(parse("f", "-h", "--nonsense"));
    assert_true(wants_help);
}

static void every_command_is_found_and_fully_described(void **state)
{
    (void)state;
    for (size_t i = 0; command_list[i] != NULL; i++) {
        const struct command *row = command_list[i];
        assert_ptr_equal(command_find(row->name), row);
        assert_non_null(row->summary);
        assert_non_null(row->run);
        assert_true(row->max_arguments < 0 || row->min_arguments <= row->max_arguments);
        for (size_t j = 0; j < row->option_count; j++) {
            assert_non_null(row->options[j].help);
            assert_int_equal(row->options[j].name[0], '-');
            assert_int_equal(row->options[j].kind != OPTION_FLAG, row->options[j].argument != NULL);
            assert_int_equal(row->options[j].kind == OPTION_CHOICE, row->options[j].choices != NULL);
        }
    }
    assert_null(command_find("nonsense"));
}

static void exit_codes_are_those_of_the_manual(void **state)
{
    (void)state;
    assert_int_equal(exit_code_of(STATUS_BAD_DATA), 65);
    assert_int_equal(exit_code_of(STATUS_UNAVAILABLE), 69);
    assert_int_equal(exit_code_of(STATUS_FENCED), 70);
    assert_int_equal(exit_code_of(STATUS_IN_USE), 73);
    assert_int_equal(exit_code_of(STATUS_BUSY), 75);
    assert_int_equal(exit_code_of(STATUS_BAD_CONFIG), 78);
    for (int status = 1; status < STATUS_COUNT; status++)
        assert_int_not_equal(exit_code_of((enum status)status), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_arguments_may_be_mixed),
        cmocka_unit_test(an_absent_option_has_its_fallback_or_nothing),
        cmocka_unit_test(the_last_of_a_repeated_option_counts),
        cmocka_unit_test(two_dashes_end_the_options_and_one_dash_is_an_argument),
        cmocka_unit_test(an_optional_value_is_never_taken_from_the_next_word),
        cmocka_unit_test(a_wrong_command_line_says_what_is_wrong),
        cmocka_unit_test(help_is_asked_for_before_anything_is_checked),
        cmocka_unit_test(every_command_is_found_and_fully_described),
        cmocka_unit_test(exit_codes_are_those_of_the_manual),
    };
    return fixture_run(argc, argv, tests);
}
