/* What a request may ask for, and what the reply then says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/member.h"
#include "support/engine/panel.h"
#include "support/fixture.h"

#define WEEKS 60

struct reply { /* copied from the last one */
    enum result_status status;
    char sentence[700], best_model[32], ledger[16][200];
    size_t steps, ledger_count, level_count, model_count;
    double median[8], levels[99], quantiles[99];
    struct {
        char name[32];
        double value;
    } models[MEMBER_COUNT];
};

static void copy(char *out, size_t size, struct text t)
{
    (void)snprintf(out, size, "%.*s", (int)t.size, t.data ? t.data : "");
}

static void copy_step(struct reply *reply, const struct forecast_step *step)
{
    reply->level_count = step->quantile_count;
    reply->model_count = step->model_count;
    for (size_t i = 0; i < step->quantile_count; i++) {
        reply->levels[i] = step->quantiles[i].level;
        reply->quantiles[i] = step->quantiles[i].value;
    }
    for (size_t i = 0; i < step->model_count; i++) {
        copy(reply->models[i].name, sizeof reply->models[i].name, step->models[i].model);
        reply->models[i].value = step->models[i].value;
    }
}

static void keep_reply(void *context, const struct forecast_result *r)
{
    struct reply *reply = context;
    if (!r->request_id.data)
        return;
    *reply = (struct reply){.status = r->status, .steps = r->step_count, .ledger_count = r->ledger_count};
    copy(reply->sentence, sizeof reply->sentence, r->sentence);
    copy(reply->best_model, sizeof reply->best_model, r->best_model);
    for (size_t i = 0; i < r->ledger_count && i < 16; i++)
        copy(reply->ledger[i], sizeof reply->ledger[i], r->ledger[i]);
    for (size_t h = 0; h < r->step_count && h < 8; h++)
        reply->median[h] = r->steps[h].median;
    if (r->step_count)
        copy_step(reply, &r->steps[0]);
}

struct rig {
    struct driver d;
    struct panel p;
    struct reply reply;
};

static int setup(void **state)
{
    static struct rig rig;
    rig = (struct rig){0};
    struct engine_options o;
    engine_options_default(&o);
    o.grid.week_end = FRIDAY;
    driver_init(&rig.d, &o, &(struct driver_options){.batch = 100});
    rig.d.on_forecast = keep_reply;
    rig.d.context = &rig.reply;
    panel_totals(&rig.p, 3, WEEKS, 5);
    driver_run(&rig.d, rig.p.updates, rig.p.count);
    *state = &rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    driver_done(&r->d);
    panel_done(&r->p);
    return 0;
}

static const struct reply *ask(struct rig *r, struct forecast_request request)
{
    request.request_id = text_of("1");
    if (!request.store.data)
        request.store = text_of("s01");
    if (!request.level)
        request.level = LEVEL_STORE;
    if (!request.horizon)
        request.horizon = 4;
    r->reply = (struct reply){.status = RESULT_STATUS_COUNT};
    driver_request(&r->d, &request);
    assert_int_not_equal(r->reply.status, RESULT_STATUS_COUNT);
    return &r->reply;
}

static double value_of(const struct reply *reply, const char *model)
{
    for (size_t i = 0; i < reply->model_count; i++)
        if (strcmp(reply->models[i].name, model) == 0)
            return reply->models[i].value;
    fail_msg("no value of %s", model);
    return 0;
}

static void without_a_wish_the_point_is_the_ensembles(void **state)
{
    const struct reply *reply = ask(*state, (struct forecast_request){0});
    assert_int_equal(reply->steps, 4);
    assert_true(reply->median[0] > 0 && reply->median[0] == value_of(reply, "ensemble"));
    assert_int_equal(reply->ledger_count, 0);
}

static void a_model_asked_for_gives_the_point(void **state)
{
    const struct text naive = text_of("naive");
    const struct reply *reply = ask(*state, (struct forecast_request){.models = &naive, .model_count = 1});
    assert_int_equal(reply->status, RESULT_OK);
    assert_true(reply->median[0] == value_of(reply, "naive"));
    assert_true(reply->median[0] != value_of(reply, "ensemble"));
    assert_true(reply->median[0] == reply->median[3]); /* as naive as that */
}

static void two_models_asked_for_give_their_mean_in_logs(void **state)
{
    const struct text models[] = {text_of("naive"), text_of("seasonal_yoy")};
    const struct reply *reply = ask(*state, (struct forecast_request){.models = models, .model_count = 2});
    double mean = maths_sqrt(value_of(reply, "naive") * value_of(reply, "seasonal_yoy"));
    assert_near(reply->median[0], mean, 1e-9 * mean);
}

static void best_is_the_model_that_the_reply_calls_best(void **state)
{
    const struct text best = text_of("best");
    const struct reply *reply = ask(*state, (struct forecast_request){.models = &best, .model_count = 1});
    assert_true(reply->best_model[0] && strcmp(reply->best_model, "ensemble") != 0);
    assert_true(reply->median[0] == value_of(reply, reply->best_model));
}

static void an_unknown_model_is_told_with_those_there_are(void **state)
{
    const struct text models[] = {text_of("naive"), text_of("prophet")};
    const struct reply *reply = ask(*state, (struct forecast_request){.models = models, .model_count = 2});
    assert_int_equal(reply->status, RESULT_INVALID_REQUEST);
    assert_int_equal(reply->steps, 0);
    assert_non_null(strstr(reply->sentence, "\"prophet\""));
    for (size_t m = 0; m < MEMBER_COUNT; m++)
        assert_non_null(strstr(reply->sentence, member_table[m].name));
}

static void quantiles_come_sorted_once_each_and_do_not_cross(void **state)
{
    const double levels[] = {0.9, 0.5, 0.1, 0.9, 0.025};
    const struct reply *reply = ask(*state, (struct forecast_request){.quantiles = levels, .quantile_count = 5});
    const double sorted[] = {0.025, 0.1, 0.5, 0.9};
    assert_int_equal(reply->level_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(reply->levels[i] == sorted[i]);
        assert_true(i == 0 || reply->quantiles[i] >= reply->quantiles[i - 1]);
    }
    assert_true(reply->quantiles[2] == reply->median[0]);
}

static void levels_that_are_none_are_refused(void **state)
{
    const double wrong[] = {0, 1, -0.5, 1.5, maths_missing()};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const double levels[] = {0.5, wrong[i]};
        const struct reply *reply = ask(*state, (struct forecast_request){.quantiles = levels, .quantile_count = 2});
        assert_int_equal(reply->status, RESULT_INVALID_REQUEST);
        assert_non_null(strstr(reply->sentence, "quantile"));
    }
    double many[100];
    for (int i = 0; i < 100; i++)
        many[i] = (i + 1) / 101.0;
    assert_int_equal(ask(*state, (struct forecast_request){.quantiles = many, .quantile_count = 99})->level_count, 99);
    assert_int_equal(ask(*state, (struct forecast_request){.quantiles = many, .quantile_count = 100})->status, RESULT_INVALID_REQUEST);
}

static void explained_weights_add_up_to_one(void **state)
{
    const struct reply *reply = ask(*state, (struct forecast_request){.explain = true});
    double sum = 0;
    assert_true(reply->ledger_count >= 2);
    assert_non_null(strstr(reply->ledger[0], "60 periods with a value"));
    assert_non_null(strstr(reply->ledger[0], "the pool has 3 series"));
    for (size_t i = 1; i < reply->ledger_count; i++) {
        const char *at = strstr(reply->ledger[i], " has weight ");
        assert_non_null(at);
        sum += strtod(at + strlen(" has weight "), NULL);
    }
    assert_near(sum, 1, 0.0005 * MEMBER_COUNT);
}

static void what_this_version_cannot_do_is_said_by_name(void **state)
{
    const struct plan_entry plan = {.date = date_of(2011, 4, 1)};
    const struct forecast_request requests[] = {
        {.level = LEVEL_CATEGORY}, {.category = text_of("food")}, {.plan = &plan, .plan_count = 1}, {.has_lead_time = true}};
    const char *const names[] = {"level category", "level category", "plan", "lead_time"};
    for (size_t i = 0; i < 4; i++) {
        const struct reply *reply = ask(*state, requests[i]);
        assert_int_equal(reply->status, RESULT_NOT_SUPPORTED_YET);
        assert_true(strncmp(reply->sentence, names[i], strlen(names[i])) == 0);
    }
}

static void a_model_without_a_number_is_not_replaced_by_another(void **state)
{
    struct rig *r = *state;
    struct sales_update late = driver_total("new", NULL, date_of(2010, 2, 5) + 7 * (WEEKS - 1), 1000, "first");
    driver_run(&r->d, &late, 1);
    panel_totals(&r->p, 3, WEEKS + 1, 5);
    driver_run(&r->d, r->p.updates + r->p.count - 3, 3);
    const struct sales_update all = driver_complete(NULL, date_of(2010, 2, 5) + 7 * WEEKS);
    driver_run(&r->d, &all, 1);
    const struct text seasonal = text_of("seasonal_naive");
    const struct reply *reply = ask(r, (struct forecast_request){.store = text_of("new"), .models = &seasonal, .model_count = 1});
    assert_int_equal(reply->steps, 0);
    assert_int_equal(reply->status, RESULT_NO_HISTORY);
    reply = ask(r, (struct forecast_request){.store = text_of("new")});
    assert_int_equal(reply->steps, 4);
}

/* Only models for short histories may be in the ensemble, and these are long. */
static void without_a_model_that_fits_the_last_value_is_repeated_and_said(void **state)
{
    struct rig *r = *state;
    struct engine_options o = r->d.engine_options;
    o.members = 1u << MEMBER_SES;
    driver_done(&r->d);
    driver_init(&r->d, &o, &(struct driver_options){.batch = 100});
    r->d.on_forecast = keep_reply;
    r->d.context = &r->reply;
    driver_run(&r->d, r->p.updates, r->p.count);
    const struct reply *reply = ask(r, (struct forecast_request){0});
    assert_int_equal(reply->status, RESULT_FALLBACK);
    assert_non_null(strstr(reply->sentence, "the last value is repeated"));
    assert_int_equal(reply->steps, 4);
    assert_true(reply->median[0] > 0 && reply->median[0] == reply->median[3]);
}

int main(int argc, char **argv)
{
#define CASE(fact) cmocka_unit_test_setup_teardown(fact, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(without_a_wish_the_point_is_the_ensembles),
        CASE(a_model_asked_for_gives_the_point),
        CASE(two_models_asked_for_give_their_mean_in_logs),
        CASE(best_is_the_model_that_the_reply_calls_best),
        CASE(an_unknown_model_is_told_with_those_there_are),
        CASE(quantiles_come_sorted_once_each_and_do_not_cross),
        CASE(levels_that_are_none_are_refused),
        CASE(explained_weights_add_up_to_one),
        CASE(what_this_version_cannot_do_is_said_by_name),
        CASE(a_model_without_a_number_is_not_replaced_by_another),
        CASE(without_a_model_that_fits_the_last_value_is_repeated_and_said),
    };
#undef CASE
    return fixture_run(argc, argv, tests);
}
