/* What topics check and doctor say of a cluster's topics: nothing of sound ones, a line of every fault. */
#include "support/fixture.h"

#include <stdio.h>
#include <string.h>

#include "app/topic_plan.h"

struct cluster {
    struct topics topics;
    struct kafka_topic_facts facts[TOPIC_COUNT];
    struct topic_plan_view view;
    struct findings found;
};

static void set(struct kafka_topic_facts *facts, enum kafka_setting setting, const char *value)
{
    snprintf(facts->settings[setting], KAFKA_SETTING_BYTES, "%s", value);
}

/* As `storecast topics create` leaves it. */
static void make_sound(struct cluster *c, size_t brokers)
{
    memset(c, 0, sizeof *c);
    assert_int_equal(topics_init(&c->topics, TOPIC_PREFIX_DEFAULT, NULL), STATUS_OK);
    const int32_t replicas = brokers < 3 ? 1 : 3;
    for (int i = 0; i < TOPIC_COUNT; i++) {
        struct kafka_property settings[TOPIC_PLAN_SETTINGS_MAX];
        const size_t count = topic_plan_settings((enum topic)i, replicas, settings);
        c->facts[i] = (struct kafka_topic_facts){.exists = true, .partitions = 6, .replicas = replicas, .has_settings = true};
        set(&c->facts[i], KAFKA_SETTING_MIN_INSYNC_REPLICAS, "2"); /* the default of a cluster that has three brokers */
        for (size_t k = 0; k < count; k++)
            for (int s = 0; s < KAFKA_SETTING_COUNT; s++)
                if (strcmp(settings[k].name, kafka_setting_name((enum kafka_setting)s)) == 0)
                    set(&c->facts[i], (enum kafka_setting)s, settings[k].value);
    }
    c->view = (struct topic_plan_view){
        .topics = &c->topics, .facts = c->facts, .servers = "kafka:9092", .prefix = TOPIC_PREFIX_DEFAULT, .brokers = brokers};
}

/* Until the next call, or findings_done. */
static const struct finding *only_finding(struct cluster *c, enum finding_weight weight)
{
    findings_done(&c->found);
    topic_plan_compare(&c->view, &c->found);
    if (c->found.count != 1)
        findings_print(&c->found, stderr);
    assert_int_equal(c->found.count, 1);
    assert_int_equal(c->found.items[0].weight, weight);
    return &c->found.items[0];
}

#define ASSERT_HAS(text, part)                                                                                                             \
    do {                                                                                                                                   \
        if (!strstr(text, part))                                                                                                           \
            fail_msg("\"%s\" does not say \"%s\"", text, part);                                                                            \
    } while (0)

static void topics_as_created_are_sound(void **state)
{
    (void)state;
    for (size_t brokers = 1; brokers <= 5; brokers++) {
        struct cluster c;
        make_sound(&c, brokers);
        topic_plan_compare(&c.view, &c.found);
        assert_int_equal(c.found.count, 0);
    }
}

static void a_missing_topic_is_wrong_and_the_archive_only_when_it_is_used(void **state)
{
    (void)state;
    struct cluster c;
    make_sound(&c, 1);
    c.facts[TOPIC_ARCHIVE] = (struct kafka_topic_facts){0};
    topic_plan_compare(&c.view, &c.found);
    assert_int_equal(c.found.count, 0);
    c.view.archive = true;
    const struct finding *f = only_finding(&c, FINDING_WRONG);
    ASSERT_HAS(f->what, "storecast.forecast-archive is missing");
    assert_string_equal(f->run, "storecast topics create -X kafka.bootstrap.servers=kafka:9092");
    c.view.prefix = "shop";
    f = only_finding(&c, FINDING_WRONG);
    assert_string_equal(f->run, "storecast topics create -X kafka.bootstrap.servers=kafka:9092 -X topics.prefix=shop");
    findings_done(&c.found);
}

static void every_topic_has_as_many_partitions_as_the_sales(void **state)
{
    (void)state;
    struct cluster c;
    make_sound(&c, 1);
    c.facts[TOPIC_STATE].partitions = 1;
    const struct finding *f = only_finding(&c, FINDING_WRONG);
    ASSERT_HAS(f->what, "storecast.state has 1 partition, storecast.sales-updates has 6");
    ASSERT_HAS(f->run, "--delete --topic storecast.state");
    findings_done(&c.found);

    make_sound(&c, 1);
    c.facts[TOPIC_SALES].partitions = 12;
    topic_plan_compare(&c.view, &c.found);
    assert_int_equal(c.found.count, TOPIC_COUNT - 1);
    findings_done(&c.found);
}

static void a_wrong_policy_is_wrong_in_either_direction(void **state)
{
    (void)state;
    static const struct {
        enum topic topic;
        const char *policy, *run;
    } cases[] = {
        {TOPIC_SALES, "compact", "--entity-name storecast.sales-updates --add-config cleanup.policy=delete"},
        {TOPIC_SALES, "delete,compact", "cleanup.policy=delete"},
        {TOPIC_STATE, "delete", "--entity-name storecast.state --add-config cleanup.policy=compact"},
        {TOPIC_STATE, "compact,delete", "cleanup.policy=compact"},
        {TOPIC_ALERTS, "delete", "cleanup.policy=[compact,delete]"},
        {TOPIC_ALERTS, "compact", "cleanup.policy=[compact,delete]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cluster c;
        make_sound(&c, 1);
        set(&c.facts[cases[i].topic], KAFKA_SETTING_CLEANUP_POLICY, cases[i].policy);
        ASSERT_HAS(only_finding(&c, FINDING_WRONG)->run, cases[i].run);
        findings_done(&c.found);
    }
    struct cluster c;
    make_sound(&c, 1);
    set(&c.facts[TOPIC_ALERTS], KAFKA_SETTING_CLEANUP_POLICY, "delete, compact");
    topic_plan_compare(&c.view, &c.found);
    assert_int_equal(c.found.count, 0);
}

static void replicas_partitions_without_leader_and_limits(void **state)
{
    (void)state;
    struct cluster c;
    make_sound(&c, 1);
    set(&c.facts[TOPIC_STATE], KAFKA_SETTING_MIN_INSYNC_REPLICAS, "2");
    ASSERT_HAS(only_finding(&c, FINDING_WRONG)->run, "min.insync.replicas=1");
    assert_false(c.found.items[0].passes);
    findings_done(&c.found);
    make_sound(&c, 3);
    c.facts[TOPIC_STATE].replicas = 1;
    set(&c.facts[TOPIC_STATE], KAFKA_SETTING_MIN_INSYNC_REPLICAS, "1");
    ASSERT_HAS(only_finding(&c, FINDING_NOTE)->what, "1 replica on 3 brokers");
    findings_done(&c.found);
    make_sound(&c, 3);
    set(&c.facts[TOPIC_STATE], KAFKA_SETTING_MIN_INSYNC_REPLICAS, "1");
    ASSERT_HAS(only_finding(&c, FINDING_NOTE)->run, "min.insync.replicas=2");
    findings_done(&c.found);
    make_sound(&c, 3);
    c.facts[TOPIC_SALES].leaderless = 2;
    ASSERT_HAS(only_finding(&c, FINDING_WRONG)->what, "no broker leads 2 of its 6");
    assert_true(c.found.items[0].passes);
    findings_done(&c.found);
    make_sound(&c, 3);
    set(&c.facts[TOPIC_SALES], KAFKA_SETTING_RETENTION_MS, "3600000");
    ASSERT_HAS(only_finding(&c, FINDING_NOTE)->what, "for 1 h");
    findings_done(&c.found);
    make_sound(&c, 3);
    set(&c.facts[TOPIC_FORECASTS], KAFKA_SETTING_MAX_MESSAGE_BYTES, "1000");
    ASSERT_HAS(only_finding(&c, FINDING_NOTE)->what, "max.message.bytes=1000");
    findings_done(&c.found);
}

static void settings_that_may_not_be_read_are_not_judged(void **state)
{
    (void)state;
    struct cluster c;
    make_sound(&c, 3);
    for (int i = 0; i < TOPIC_COUNT; i++) {
        c.facts[i].has_settings = false;
        memset(c.facts[i].settings, 0, sizeof c.facts[i].settings);
    }
    topic_plan_compare(&c.view, &c.found);
    assert_int_equal(c.found.count, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topics_as_created_are_sound),
        cmocka_unit_test(a_missing_topic_is_wrong_and_the_archive_only_when_it_is_used),
        cmocka_unit_test(every_topic_has_as_many_partitions_as_the_sales),
        cmocka_unit_test(a_wrong_policy_is_wrong_in_either_direction),
        cmocka_unit_test(replicas_partitions_without_leader_and_limits),
        cmocka_unit_test(settings_that_may_not_be_read_are_not_judged),
    };
    return fixture_run(argc, argv, tests);
}
