#include "app/panel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/model_list.h"
#include "base/hash.h"
#include "base/maths.h"
#include "support/fixture.h"

static void write_file(char path[32], const char *text)
{
    strcpy(path, "/tmp/storecast-panel-XXXXXX");
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static enum status read_panel(const char *text, enum panel_level level, const char *override, struct panel *out, struct error *err)
{
    char path[32];
    struct config config;
    const char *overrides[] = {override};
    const struct config_sources sources = {.overrides = overrides, .override_count = override ? 1 : 0};
    assert_ok(config_load(&sources, &config, err));
    write_file(path, text);
    const enum status status = panel_read(path, NULL, level, &config, out, err);
    unlink(path);
    config_done(&config);
    return status;
}

static double at(const struct panel *p, size_t t, size_t s)
{
    return p->value[t * p->series + s];
}

static void totals_make_weeks_that_end_on_their_day(void **state)
{
    (void)state;
    struct panel p;
    struct error err;
    assert_ok(read_panel("Store,Date,Weekly_Sales\n10,2010-02-05,1.25\n2,2010-02-05,2\n10,2010-02-19,3\n2,2010-02-12,0\n2,2010-02-19,4\n",
                         PANEL_STORE, NULL, &p, &err));
    assert_int_equal(p.grid.week_end, FRIDAY);
    assert_int_equal(p.series, 2);
    assert_int_equal(p.periods, 3);
    assert_true(text_equal(p.name[0], text_of("10"))); /* in order of the text */
    assert_near(at(&p, 0, 0), 1.25, 0);
    assert_near(at(&p, 1, 0), maths_missing(), 0); /* missing, not 0 */
    assert_near(at(&p, 1, 1), 0, 0);
    assert_near(at(&p, 2, 1), 4, 0);
    panel_done(&p);
}

static void coarser_levels_are_sums_of_the_totals_of_finer_ones(void **state)
{
    (void)state;
    static const char text[] = "store,dept,item,date,weekly_sales\n1,a,x,2010-02-05,5\n1,a,y,2010-02-05,-2\n1,b,x2,2010-02-05,1\n1,a,x,2010-02-12,7\n";
    struct panel p;
    struct error err;
    assert_ok(read_panel(text, PANEL_DEPARTMENT, NULL, &p, &err));
    assert_int_equal(p.series, 2);
    assert_true(text_equal(p.name[0], text_of("1/a")));
    assert_near(at(&p, 0, 0), 3, 0); /* what came back is part of the value */
    assert_near(at(&p, 0, 1), 1, 0);
    assert_near(at(&p, 1, 1), maths_missing(), 0);
    panel_done(&p);
    assert_ok(read_panel(text, PANEL_PRODUCT, "demand.basis=net", &p, &err));
    assert_int_equal(p.series, 3);
    assert_near(at(&p, 0, 2), -2, 0); /* x, x2, y */
    panel_done(&p);
    assert_ok(read_panel(text, PANEL_STORE, NULL, &p, &err));
    assert_near(at(&p, 0, 0), 4, 0);
    panel_done(&p);
    assert_status(read_panel("store,item,date,weekly_sales\n1,x,2010-02-05,5\n", PANEL_DEPARTMENT, NULL, &p, &err), STATUS_BAD_DATA);
    assert_non_null(strstr(err.text, "--map department=COLUMN"));
}

/* 2024-01-01 is a Monday; weeks end on Sunday. */
static const char sales[] = "date,store,product,quantity\n2024-01-01,a,x,2\n2024-01-07,a,x,3\n2024-01-03,a,y,-1\n2024-01-04,b,x,1\n"
                            "2024-01-10,a,y,4\n2024-01-11,b,x,1\n2024-01-18,b,x,5\n2024-01-21,b,x,1\n2024-01-23,a,x,9\n";

static void sales_add_up_by_week_and_the_week_that_is_not_over_is_dropped(void **state)
{
    (void)state;
    struct panel p;
    struct error err;
    assert_ok(read_panel(sales, PANEL_STORE, "measure=quantity", &p, &err));
    assert_int_equal(p.periods, 3);
    assert_near(at(&p, 0, 0), 5, 0); /* gross: the return is left out */
    assert_near(at(&p, 1, 0), 4, 0);
    assert_near(at(&p, 2, 0), maths_missing(), 0); /* the store was silent */
    assert_near(at(&p, 2, 1), 6, 0);
    panel_done(&p);
}

static void a_product_sold_nothing_where_its_store_sold_something(void **state)
{
    (void)state;
    struct panel p;
    struct error err;
    assert_ok(read_panel(sales, PANEL_PRODUCT, "measure=quantity", &p, &err));
    assert_int_equal(p.series, 3);
    assert_true(text_equal(p.name[0], text_of("a/x")));
    assert_near(at(&p, 1, 0), 0, 0);               /* a/x: week 2, when a sold y */
    assert_near(at(&p, 2, 0), maths_missing(), 0); /* a was silent */
    assert_near(at(&p, 0, 1), 0, 0);               /* a/y: only a return */
    panel_done(&p);
}

static void what_a_file_does_not_have_is_said_with_a_remedy(void **state)
{
    (void)state;
    struct panel p;
    struct error err;
    assert_status(read_panel(sales, PANEL_STORE, NULL, &p, &err), STATUS_BAD_DATA);
    assert_non_null(strstr(err.text, "measure=quantity"));
    assert_status(read_panel("Store,Date,Weekly_Sales\n1,2010-02-05,1\n", PANEL_PRODUCT, NULL, &p, &err), STATUS_BAD_DATA);
    assert_non_null(strstr(err.text, "--level store"));
    assert_status(read_panel("date,store,amount\n2024-01-02,a,1\n", PANEL_STORE, NULL, &p, &err), STATUS_BAD_DATA);
    assert_non_null(strstr(err.text, "no whole week"));
}

static void pools_are_the_partitions_of_the_store_ids(void **state)
{
    (void)state;
    struct panel p;
    struct panel_pools pools;
    struct error err;
    char text[4000] = "Store,Date,Weekly_Sales\n";
    for (int store = 1; store <= 45; store++)
        for (int week = 0; week < 2; week++)
            (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%d,2010-02-%02d,%d\n", store, 5 + 7 * week, 10 * store + week);
    assert_ok(read_panel(text, PANEL_STORE, NULL, &p, &err));
    assert_ok(panel_partition(&p, 6, &pools));
    size_t series = 0;
    for (size_t k = 0; k < pools.count; k++) {
        series += pools.pools[k].series;
        int32_t partition = -1;
        for (size_t s = 0; s < pools.pools[k].series; s++) {
            const size_t label = pools.pools[k].label[s];
            const int32_t here = hash_partition(p.store[label].data, p.store[label].size, 6);
            assert_true(partition == -1 || here == partition);
            partition = here;
            assert_near(pools.pools[k].value[pools.pools[k].series + s], at(&p, 1, label), 0);
        }
    }
    assert_int_equal(series, 45);
    panel_pools_done(&pools);
    panel_done(&p);
}

static void model_lists_are_parsed_or_refused_with_what_there_is(void **state)
{
    (void)state;
    struct model_list list;
    struct error err;
    assert_ok(model_list_parse("naive,seasonal_yoy", false, &list, &err));
    for (enum member m = 0; m < MEMBER_COUNT; m++)
        assert_int_equal(list.chosen[m], m == MEMBER_NAIVE || m == MEMBER_SEASONAL_YOY);
    assert_ok(model_list_parse(NULL, false, &list, &err));
    assert_true(list.chosen[MEMBER_ENSEMBLE] && list.chosen[MEMBER_NAIVE] && !list.best);
    assert_ok(model_list_parse("best", true, &list, &err));
    assert_true(list.best);
    assert_status(model_list_parse("best", false, &list, &err), STATUS_BAD_USAGE);
    assert_status(model_list_parse("naive,", false, &list, &err), STATUS_BAD_USAGE);
    assert_status(model_list_parse("naive,prophet", true, &list, &err), STATUS_BAD_USAGE);
    assert_non_null(strstr(err.text, "'prophet'"));
    assert_non_null(strstr(err.text, "seasonal_naive"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totals_make_weeks_that_end_on_their_day),
        cmocka_unit_test(coarser_levels_are_sums_of_the_totals_of_finer_ones),
        cmocka_unit_test(sales_add_up_by_week_and_the_week_that_is_not_over_is_dropped),
        cmocka_unit_test(a_product_sold_nothing_where_its_store_sold_something),
        cmocka_unit_test(what_a_file_does_not_have_is_said_with_a_remedy),
        cmocka_unit_test(pools_are_the_partitions_of_the_store_ids),
        cmocka_unit_test(model_lists_are_parsed_or_refused_with_what_there_is),
    };
    return fixture_run(argc, argv, tests);
}
