#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/config.h"
#include "base/log.h"

static struct error err;

static enum status load(struct config *c, const char *file, char *const *environment, const char *override)
{
    const struct config_sources sources = {
        .file = file, .environment = environment, .overrides = &override, .override_count = override != NULL};
    err = (struct error){0};
    return config_load(&sources, c, &err);
}

static enum status load_text(struct config *c, const char *text)
{
    char path[] = "/tmp/storecast-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
    close(fd);
    enum status status = load(c, path, NULL, NULL);
    unlink(path);
    return status;
}

static void assert_refused(const char *override, const char *why)
{
    struct config c;
    assert_status(load(&c, NULL, NULL, override), STATUS_BAD_CONFIG);
    if (strstr(err.text, why) == NULL) {
        print_error("%s: %s\n", override, err.text);
        fail();
    }
    config_done(&c);
}

static void every_default_is_within_its_own_range(void **state)
{
    (void)state;
    struct config c;
    assert_ok(load(&c, NULL, NULL, NULL));
    assert_int_equal(c.batch_max_records, 5000);
    assert_int_equal(c.period_unit, PERIOD_WEEK);
    assert_int_equal(c.period_week_end, SUNDAY);
    assert_int_equal(c.date_min, date_of(2000, 1, 1));
    assert_true(c.cleaning_outliers);
    assert_int_equal(c.log_level, LOG_INFO);
    assert_string_equal(c.http_listen, "127.0.0.1");
    config_done(&c);
}

static void the_defaults_are_the_engines_own(void **state)
{
    (void)state;
    struct config c;
    struct engine_options from_config, own;
    assert_ok(load(&c, NULL, NULL, NULL));
    config_engine_options(&c, &from_config);
    engine_options_default(&own);
    assert_true(engine_options_hash(&from_config) == engine_options_hash(&own));
    config_done(&c);
}

static void a_file_is_read_line_by_line(void **state)
{
    (void)state;
    struct config c;
    assert_ok(load_text(&c, "# a comment\n\n  lateness.days = 5  \r\nunit=US dollar\nperiod.week_end=Friday\n"
                            "kafka.bootstrap.servers=a:1,b:2\nkafka.client.id=x=y"));
    assert_int_equal(c.lateness_days, 5);
    assert_string_equal(c.unit, "US dollar");
    assert_int_equal(c.period_week_end, FRIDAY);
    assert_string_equal(config_kafka(&c, "bootstrap.servers"), "a:1,b:2");
    assert_string_equal(config_kafka(&c, "client.id"), "x=y");
    assert_null(config_kafka(&c, "acks"));
    config_done(&c);
}

static void a_mistake_in_a_file_is_named_with_its_line(void **state)
{
    (void)state;
    struct config c;
    assert_status(load_text(&c, "unit=x\n\nlateness.days=soon\n"), STATUS_BAD_CONFIG);
    assert_non_null(strstr(err.text, ":3: lateness.days: 'soon' is not a whole number"));
    config_done(&c);
    assert_status(load_text(&c, "unit\n"), STATUS_BAD_CONFIG);
    assert_non_null(strstr(err.text, ":1: the line is not key=value"));
    config_done(&c);
    assert_status(load(&c, "/nowhere/at.all", NULL, NULL), STATUS_BAD_CONFIG);
    assert_non_null(strstr(err.text, "/nowhere/at.all: No such file"));
    config_done(&c);
}

static void the_later_source_is_the_stronger(void **state)
{
    (void)state;
    struct config c;
    char *environment[] = {(char[]){"STORECAST_LATENESS_DAYS=7"}, (char[]){"STORECAST_KAFKA_SSL_CA_LOCATION=/ca"},
                           (char[]){"STORECAST_SHARED=/data"}, (char[]){"PATH=/bin"}, NULL};
    assert_ok(load(&c, NULL, environment, NULL));
    assert_int_equal(c.lateness_days, 7);
    assert_string_equal(config_kafka(&c, "ssl.ca.location"), "/ca");
    config_done(&c);
    assert_ok(load(&c, NULL, environment, "lateness.days=9"));
    assert_int_equal(c.lateness_days, 9);
    config_done(&c);
}

static void an_unknown_key_is_refused_with_the_nearest_one(void **state)
{
    (void)state;
    assert_refused("latness.days=3", "did you mean lateness.days?");
    assert_refused("batch.max.record=3", "did you mean batch.max.records?");
    assert_refused("utterly.unlike.anything=3", "there is no such option");
    assert_refused("novalue", "it is not key=value");
    assert_refused("=3", "it is not key=value");
    struct config c;
    char *environment[] = {(char[]){"STORECAST_LATENESS_DAY=7"}, NULL};
    assert_status(load(&c, NULL, environment, NULL), STATUS_BAD_CONFIG);
    assert_non_null(strstr(err.text, "STORECAST_LATENESS_DAY: lateness.day: there is no such option (did you mean lateness.days?)"));
    config_done(&c);
}

static void variables_of_the_scripts_are_no_options(void **state)
{
    (void)state;
    struct config c;
    char *environment[] = {(char[]){"STORECAST_KAFKA_RELEASE=4.1.0"}, (char[]){"STORECAST_KAFKA_CACHE=/cache"},
                           (char[]){"STORECAST_KAFKA_HEAP=256m"}, (char[]){"STORECAST_KAFKA_USERS=a:b"}, NULL};
    assert_ok(load(&c, NULL, environment, NULL));
    config_done(&c);
}

static void a_value_outside_its_range_is_refused(void **state)
{
    (void)state;
    assert_refused("forecast.horizon=0", "outside its range (allowed: 1 to 150)");
    assert_refused("forecast.horizon=151", "outside its range");
    assert_refused("forecast.horizon=99999999999999999999", "outside its range");
    assert_refused("forecast.horizon=8x", "not a whole number");
    assert_refused("forecast.horizon=", "not a whole number");
    assert_refused("drift.user.mape=nan", "not a number");
    assert_refused("drift.user.mape=-1", "outside its range");
    assert_refused("cleaning.outliers=yes", "neither true nor false");
    assert_refused("demand.basis=grosss", "not known (allowed: gross|net)");
    assert_refused("period.unit=day", "not known (allowed: week)");
    assert_refused("date.min=2000-02-30", "not a date");
    assert_refused("state.dir=", "must not be empty");
    assert_refused("unit=a\x1b[2J", "control character");
}

static void what_the_worker_owns_or_would_run_code_is_refused(void **state)
{
    (void)state;
    assert_refused("kafka.plugin.library.paths=/tmp/x.so", "would load code");
    assert_refused("kafka.sasl.kerberos.kinit.cmd=rm", "would run a shell command");
    assert_refused("kafka.enable.auto.commit=true", "commits offsets itself");
    assert_refused("kafka.isolation.level=read_uncommitted", "exactly-once");
    assert_refused("kafka.transactional.id=x", "derives it");
    assert_refused("kafka.test.mock.num.brokers=3", "for tests");
    assert_refused("kafka.dr_msg_cb=1", "not a text");
    assert_refused("kafka.group.id=g", "set group.id without the prefix");
    assert_refused("kafka.=g", "no such option");
}

static void secrets_are_masked_and_values_printed_can_be_read_again(void **state)
{
    (void)state;
    struct config c, again;
    struct buffer out = {0};
    assert_ok(load_text(&c, "kafka.sasl.password=hunter2\nkafka.ssl.key.pem=hunter2\nkafka.acks=all\ndrift.user.mape=12.5\n"
                            "date.min=2010-02-05\nmeasure=quantity\n"));
    config_print(&c, CONFIG_VALUES, &out);
    buffer_put_u8(&out, 0);
    assert_null(strstr((char *)out.data, "hunter2"));
    assert_non_null(strstr((char *)out.data, "kafka.sasl.password=********\n"));
    assert_non_null(strstr((char *)out.data, "kafka.acks=all\n"));
    assert_ok(load_text(&again, (char *)out.data));
    assert_true(again.drift_user_mape == 12.5);
    assert_int_equal(again.date_min, date_of(2010, 2, 5));
    assert_int_equal(again.measure, MEASURE_QUANTITY);
    buffer_done(&out);
    config_done(&c);
    config_done(&again);
}

static void every_sample_line_is_valid_once_uncommented(void **state)
{
    (void)state;
    struct config c;
    struct buffer out = {0}, uncommented = {0};
    assert_ok(load(&c, NULL, NULL, NULL));
    config_print(&c, CONFIG_SAMPLE, &out);
    buffer_put_u8(&out, 0);
    size_t count = 0;
    for (char *line = strtok((char *)out.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        bool is_option = line[0] == '#' && line[1] != ' ' && strchr(line, '=') != NULL;
        buffer_printf(&uncommented, "%s\n", is_option ? line + 1 : line);
        count += is_option;
    }
    buffer_put_u8(&uncommented, 0);
    assert_true(count >= config_row_count);
    config_done(&c);
    assert_ok(load_text(&c, (char *)uncommented.data));
    buffer_done(&out);
    buffer_done(&uncommented);
    config_done(&c);
}

static void only_reloadable_options_may_change_while_running(void **state)
{
    (void)state;
    struct config now, wanted;
    assert_ok(load(&now, NULL, NULL, NULL));
    assert_ok(load(&wanted, NULL, NULL, "log.level=debug"));
    assert_true(config_can_reload(&now, &wanted, &err));
    assert_ok(config_set(&wanted, "state.dir", "elsewhere", &err));
    assert_false(config_can_reload(&now, &wanted, &err));
    assert_non_null(strstr(err.text, "state.dir: it cannot change while running"));
    config_done(&wanted);
    assert_ok(load(&wanted, NULL, NULL, "kafka.acks=all"));
    assert_false(config_can_reload(&now, &wanted, &err));
    config_done(&now);
    config_done(&wanted);
}

static void assert_text_refused(const char *text, size_t size, const char *why)
{
    struct config c;
    assert_ok(load(&c, NULL, NULL, NULL));
    err = (struct error){0};
    assert_status(config_read(&c, (struct bytes){(const uint8_t *)text, size}, "c.conf", &err), STATUS_BAD_CONFIG);
    if (strstr(err.text, why) == NULL)
        fail_msg("got: %s\nnot: %s", err.text, why);
    config_done(&c);
}

static void text_may_end_lines_in_any_way(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbf"
                               "forecast.horizon = 13 \r\n\r\n# c\rmeasure=quantity\rlateness.days=5";
    struct config c;
    assert_ok(load(&c, NULL, NULL, NULL));
    assert_ok(config_read(&c, (struct bytes){(const uint8_t *)text, sizeof text - 1}, "c.conf", &err));
    assert_int_equal(c.forecast_horizon, 13);
    assert_int_equal(c.measure, MEASURE_QUANTITY);
    assert_int_equal(c.lateness_days, 5);
    assert_ok(config_read(&c, (struct bytes){NULL, 0}, "c.conf", &err));
    config_done(&c);
}

static void text_that_is_no_configuration_is_refused_with_its_line(void **state)
{
    (void)state;
    assert_text_refused("measure=amount\n\nx\n", 18, "c.conf:3: the line is not key=value");
    assert_text_refused("measure=amount\r\nun\0it=x\n", 24, "c.conf:2: it has a NUL byte in it");
    assert_text_refused("\xff\xfem\0", 4, "c.conf:1: it is UTF-16 (save it as UTF-8)");
    assert_text_refused("unit=\x1b[31m", 10, "c.conf:1: unit: it has a control character in it");
    assert_text_refused("x\x1b[31m=1", 8, "c.conf:1: x?[31m: there is no such option");
    assert_text_refused("forecast.horizon=1e999", 22, "c.conf:1: forecast.horizon: '1e999' is not a whole number");
}

static void an_endless_file_is_refused_in_bounded_memory(void **state)
{
    (void)state;
    struct config c;
    assert_status(load(&c, "/dev/zero", NULL, NULL), STATUS_BAD_CONFIG);
    assert_non_null(strstr(err.text, "/dev/zero: it is longer than 1 MiB"));
    config_done(&c);
    assert_status(load(&c, "/tmp", NULL, NULL), STATUS_BAD_CONFIG);
    assert_non_null(strstr(err.text, "/tmp: Is a directory"));
    config_done(&c);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_is_within_its_own_range),
        cmocka_unit_test(the_defaults_are_the_engines_own),
        cmocka_unit_test(a_file_is_read_line_by_line),
        cmocka_unit_test(a_mistake_in_a_file_is_named_with_its_line),
        cmocka_unit_test(the_later_source_is_the_stronger),
        cmocka_unit_test(an_unknown_key_is_refused_with_the_nearest_one),
        cmocka_unit_test(variables_of_the_scripts_are_no_options),
        cmocka_unit_test(a_value_outside_its_range_is_refused),
        cmocka_unit_test(what_the_worker_owns_or_would_run_code_is_refused),
        cmocka_unit_test(secrets_are_masked_and_values_printed_can_be_read_again),
        cmocka_unit_test(every_sample_line_is_valid_once_uncommented),
        cmocka_unit_test(text_may_end_lines_in_any_way),
        cmocka_unit_test(text_that_is_no_configuration_is_refused_with_its_line),
        cmocka_unit_test(an_endless_file_is_refused_in_bounded_memory),
        cmocka_unit_test(only_reloadable_options_may_change_while_running),
    };
    return fixture_run(argc, argv, tests);
}
