#include "app/fev_report.h"

#include "base/maths.h"

/* fev-bench, task `walmart`: github.com/autogluon/fev, benchmarks/fev_bench/results/<model>.csv, as of 2026-08-19 (1bc95fd).
 * They may use the covariates of the 39 weeks, ours do not. Seconds are training + inference; most ran on a GPU.
 * 0 stands for a figure that is not usable there. */
static const struct published {
    const char *model;
    double value[FEV_METRICS], seconds;
} published[] = {
    {"TabPFN-TS", {.0928, .8213, .6589, .0745}, 1736},
    {"Chronos-2", {.0934, .8167, .6478, .0739}, 9.8},
    {"FlowState", {.0975, .8408, .6677, .0777}, 6.6},
    {"TimesFM-2.5", {.1016, .8615, .6794, .0803}, 4.0},
    {"TabPFN-TS-3", {.1029, .8789, .6959, .0815}, 6809},
    {"TiRex", {.1054, .8862, .7075, .0850}, 3.7},
    {"Toto 2.0", {.1118, .9503, .7544, .0893}, 185},
    {"CITRAS-FM", {.1134, .9552, .7530, .0892}, 9.7},
    {"Chronos-Bolt", {.1173, .9671, .7740, .0950}, .7},
    {"Sundial", {.1211, .9842, .8422, .1036}, 231},
    {"TiRex-2", {.1214, 1.0040, .7922, .0959}, 22},
    {"TS-ICL", {.1264, 1.0412, .8498, .1047}, 39},
    {"Moirai 2.0", {.1315, 1.0559, .8447, .1058}, 5.5},
    {"Toto 1.0", {.1386, 1.1259, .9073, .1136}, 114},
    {"CatBoost", {.1496, 1.2251, 1.2251, .1496}, 24},
    {"LightGBM", {.1514, 1.2457, 1.2457, .1514}, .9},
    {"AutoARIMA", {.1596, 1.2474, 1.0205, .1320}, 94},
    {"TFT", {.1773, 1.3268, 1.0627, .1411}, 286},
    {"Statistical ensemble", {.1773, 1.3564, 1.2166, .1644}, 155},
    {"DeepAR", {.1820, 1.4185, 1.1228, .1431}, 414},
    {"AutoTheta", {.1852, 1.4179, 1.4675, .1997}, 8.5},
    {"Naive", {.1967, 1.5241, 2.0341, .3075}, .7},
    {"Drift", {.2281, 1.7491, 2.2529, .3408}, .7},
    {"AutoETS", {.2951, 1.7227, 0, 0}, 3.1},
    {"PatchTST", {.3177, 2.1319, 1.7384, .2598}, 322},
};
#define PUBLISHED (sizeof published / sizeof *published)

#define PUBLIC_SERIES 2936
#define PUBLIC_KNOWN  104
#define PUBLIC_AHEAD  39

bool fev_report_is_public(const struct fev_scores *scores, const struct fev_window *window)
{
    return scores->series == PUBLIC_SERIES && window->known == PUBLIC_KNOWN && window->ahead == PUBLIC_AHEAD;
}

/* ------------------------------------------------------------------------------------------ as a table */

static void cell(FILE *out, double v)
{
    if (maths_finite(v) && v > 0)
        fprintf(out, "%8.4f", v);
    else
        fprintf(out, "%8s", "-");
}

static void heading(FILE *out, const struct fev_scores *scores, size_t count)
{
    fprintf(out, "%-22s", "");
    for (size_t i = 0; i < count; i++) {
        char text[40];
        (void)snprintf(text, sizeof text, "%d partition%s", (int)scores[i].partitions, scores[i].partitions == 1 ? "" : "s");
        fprintf(out, "  %-32s", text);
    }
    fprintf(out, "\n%-22s", "model");
    for (size_t i = 0; i < count; i++)
        fprintf(out, "  %8s%8s%8s%8s", "WAPE", "MASE", "SQL", "WQL");
    fputs("\n", out);
}

/* Ahead of all published figures of all four kinds. */
static bool is_ahead(enum fev_model m, const struct fev_scores *scores)
{
    for (enum fev_metric metric = 0; metric < FEV_METRICS; metric++) {
        const double ours = fev_metric_value(m, &scores->sums[m], metric);
        for (size_t i = 0; i < PUBLISHED; i++)
            if (published[i].value[metric] > 0 && !(ours < published[i].value[metric]))
                return false;
    }
    return true;
}

static void print_published(FILE *out, const struct fev_scores *scores, size_t count)
{
    fprintf(out, "\n%-22s  %8s%8s%8s%8s%10s\n", "published", "WAPE", "MASE", "SQL", "WQL", "seconds");
    for (size_t i = 0; i < PUBLISHED; i++) {
        fprintf(out, "%-22s  ", published[i].model);
        for (size_t k = 0; k < FEV_METRICS; k++)
            cell(out, published[i].value[k]);
        fprintf(out, "%10.1f\n", published[i].seconds);
    }
    fputs("(fev-bench, task walmart, results of 2026-08-19; they may use the covariates of the weeks ahead; seconds mostly on a GPU)\n\n"
          "Ahead of every published model by all four:",
          out);
    const char *separator = " ";
    for (enum fev_model m = 0; m < FEV_MODELS; m++)
        for (size_t i = 0; i < count; i++)
            if (is_ahead(m, &scores[i])) {
                fprintf(out, "%s%s (%d)", separator, fev_model_name(m), (int)scores[i].partitions);
                separator = ", ";
            }
    fputs(*separator == ' ' ? " none\n" : "\n", out);
}

void fev_report_table(FILE *out, const struct fev_scores *scores, size_t count, double seconds, bool with_published)
{
    heading(out, scores, count);
    for (enum fev_model m = 0; m < FEV_MODELS; m++) {
        fprintf(out, "%-22s", fev_model_name(m));
        for (size_t i = 0; i < count; i++) {
            fputs("  ", out);
            for (enum fev_metric metric = 0; metric < FEV_METRICS; metric++)
                cell(out, fev_metric_value(m, &scores[i].sums[m], metric));
        }
        if (scores[0].sums[m].failed)
            fprintf(out, "  (%zu steps by the last value)", scores[0].sums[m].failed);
        fputs("\n", out);
    }
    fprintf(out, "(all of them together, %d partition%s: %.1f CPU seconds)\n", (int)scores[0].partitions,
            scores[0].partitions == 1 ? "" : "s", seconds);
    if (with_published)
        print_published(out, scores, count);
}

/* ------------------------------------------------------------------------------------------ as rows */

static const struct {
    const char *name;
    double factor;
} metrics[FEV_METRICS] = {{"wape", 100}, {"mase", 1}, {"sql", 1}, {"wql", 100}};

struct row {
    const char *model, *metric, *level;
    int partitions;
    size_t ahead, n;
    double value;
};

static void print_row(FILE *out, enum report_format format, const struct row *r, bool first)
{
    if (format == REPORT_CSV) {
        fprintf(out, "%s,fev,%s,all/%d,1-%zu,%s,", r->model, r->level, r->partitions, r->ahead, r->metric);
        report_csv_number(out, r->value);
        fprintf(out, ",%zu\n", r->n);
        return;
    }
    fprintf(out,
            "%s\n  {\"model\": \"%s\", \"protocol\": \"fev\", \"level\": \"%s\", \"series\": \"all/%d\", \"horizon\": \"1-%zu\", "
            "\"metric\": \"%s\", \"value\": ",
            first ? "" : ",", r->model, r->level, r->partitions, r->ahead, r->metric);
    report_json_number(out, r->value);
    fprintf(out, ", \"n\": %zu}", r->n);
}

void fev_report_rows(FILE *out, enum report_format format, const struct fev_scores *scores, size_t count, const char *level, size_t ahead)
{
    bool first = true;
    fputs(format == REPORT_CSV ? "model,protocol,level,series,horizon,metric,value,n\n" : "[", out);
    for (size_t i = 0; i < count; i++)
        for (enum fev_model m = 0; m < FEV_MODELS; m++)
            for (enum fev_metric metric = 0; metric < FEV_METRICS; metric++) {
                const double value = metrics[metric].factor * fev_metric_value(m, &scores[i].sums[m], metric);
                const struct row row = {
                    fev_model_name(m), metrics[metric].name, level, (int)scores[i].partitions, ahead, scores[i].sums[m].n, value};
                if (!maths_finite(value))
                    continue;
                print_row(out, format, &row, first);
                first = false;
            }
    if (format == REPORT_JSON)
        fputs(first ? "]\n" : "\n]\n", out);
}
