/* What counts as stuck. */
#include "support/fixture.h"

#include "app/health.h"

static struct health sound(void)
{
    return (struct health){.now_us = HEALTH_STAGE_US * 2,
                           .polled_us = HEALTH_STAGE_US * 2,
                           .stage_us = HEALTH_STAGE_US * 2,
                           .progress_us = HEALTH_STAGE_US * 2,
                           .is_connected = true,
                           .is_running = true,
                           .has_work = true};
}

static void a_worker_that_does_its_work_is_well(void **state)
{
    (void)state;
    struct health h = sound();
    assert_null(health_sickness(&h));
    h.has_work = false;
    h.progress_us = 0; /* nothing to do all night */
    assert_null(health_sickness(&h));
}

static void an_unpolled_consumer_is_stuck(void **state)
{
    (void)state;
    struct health h = sound();
    h.polled_us = h.now_us - HEALTH_POLL_US - 1;
    assert_non_null(health_sickness(&h));
}

static void a_batch_that_stays_in_a_stage_is_stuck(void **state)
{
    (void)state;
    struct health h = sound();
    h.stage_us = 0;
    assert_null(health_sickness(&h)); /* waiting for records is no stage of writing */
    h.is_writing = true;
    assert_non_null(health_sickness(&h));
}

static void waiting_records_that_nobody_handles_are_a_sign_but_not_without_a_broker(void **state)
{
    (void)state;
    struct health h = sound();
    h.progress_us = h.now_us - HEALTH_PROGRESS_US - 1;
    assert_non_null(health_sickness(&h));
    h.is_connected = false;
    assert_null(health_sickness(&h));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_that_does_its_work_is_well),
        cmocka_unit_test(an_unpolled_consumer_is_stuck),
        cmocka_unit_test(a_batch_that_stays_in_a_stage_is_stuck),
        cmocka_unit_test(waiting_records_that_nobody_handles_are_a_sign_but_not_without_a_broker),
    };
    return fixture_run(argc, argv, tests);
}
