#include "app/diagnosis.h"

#include <stdlib.h>
#include <string.h>

#include "base/maths.h"

/* ------------------------------------------------------------------------------------------ what it is of */

static enum status of_errors(const struct replay_origin *at, enum member m, size_t series, struct diagnostics *out)
{
    const struct rolling_errors *e = &at->errors[m];
    double *errors = malloc((e->origins + 1) * sizeof *errors);
    if (!errors)
        return STATUS_NO_MEMORY;
    for (size_t slot = 0; slot < e->origins; slot++)
        errors[slot] = rolling_errors_at(e, 0, slot)[series];
    diagnostics_of(errors, e->origins, 0, out);
    free(errors);
    return STATUS_OK;
}

enum status diagnosis_of(const struct replay_origin *at, enum member m, size_t series, struct diagnosis *out)
{
    struct pool_residuals residuals;
    *out = (struct diagnosis){.member = m, .in_sample = pool_fit_residuals(at->fit, m, series, &residuals)};
    if (!out->in_sample)
        return of_errors(at, m, series, &out->residuals);
    out->order = residuals.order;
    out->regressors = residuals.regressors;
    out->sigma2 = residuals.sigma2;
    out->aicc = residuals.aicc;
    out->residuals = *residuals.diagnostics;
    return STATUS_OK;
}

/* ------------------------------------------------------------------------------------------ how it is shown */

void diagnosis_order(const struct arima_order *o, char out[DIAGNOSIS_ORDER_BYTES])
{
    int used = snprintf(out, DIAGNOSIS_ORDER_BYTES, "(%zu,%zu,%zu)", o->p, o->d, o->q);
    if (o->seasonal_p || o->seasonal_d || o->seasonal_q)
        used += snprintf(out + used, DIAGNOSIS_ORDER_BYTES - (size_t)used, "(%zu,%zu,%zu)[%zu]", o->seasonal_p, o->seasonal_d, o->seasonal_q,
                         o->period);
    if (o->has_constant)
        (void)snprintf(out + used, DIAGNOSIS_ORDER_BYTES - (size_t)used, " with %s", o->d || o->seasonal_d ? "drift" : "mean");
}

void diagnosis_begin(struct report *r, FILE *out, enum report_format format)
{
    *r = (struct report){.out = out, .format = format};
    if (format == REPORT_JSON)
        fputs("[", out);
    else if (format == REPORT_CSV)
        fputs("series,model,residuals,order,regressors,sigma2,aicc,n,mean,sd,mean_t,ljung_box,ljung_box_p,lags,jarque_bera,jarque_bera_p,"
              "verdict,acf,pacf\n",
              out);
    else
        fprintf(out, "%-10s %-20s %-9s %5s %10s %10s %8s %8s %8s %8s  %-15s %s\n", "series", "model", "residuals", "n", "mean", "sd", "acf 1",
                "largest", "LB p", "JB p", "verdict", "order");
}

static const char *kind_of(const struct diagnosis *d)
{
    return d->in_sample ? "in sample" : "one step";
}

struct field {
    const char *name;
    double value;
};

#define FIELDS 11
static void fields_of(const struct diagnosis *d, struct field out[FIELDS])
{
    const struct diagnostics *x = &d->residuals;
    const bool tested = x->verdict != RESIDUALS_TOO_FEW;
    const double none = maths_missing();
    const struct field all[FIELDS] = {{"sigma2", d->in_sample ? d->sigma2 : none},
                                      {"aicc", d->in_sample ? d->aicc : none},
                                      {"n", (double)x->n},
                                      {"mean", x->mean},
                                      {"sd", x->sd},
                                      {"mean_t", tested ? x->mean_t : none},
                                      {"ljung_box", tested ? x->ljung_box : none},
                                      {"ljung_box_p", tested ? x->ljung_box_p : none},
                                      {"lags", (double)x->lags},
                                      {"jarque_bera", tested ? x->jarque_bera : none},
                                      {"jarque_bera_p", tested ? x->jarque_bera_p : none}};
    memcpy(out, all, sizeof all);
}

static void put_list(FILE *out, const double *values, size_t n, const char *between)
{
    for (size_t k = 0; k < n; k++)
        fprintf(out, "%s%.4f", k ? between : "", values[k]);
}

static void csv_row(struct report *r, struct text series, const struct diagnosis *d, const char *order)
{
    struct field fields[FIELDS];
    fields_of(d, fields);
    report_csv_text(r->out, series);
    fprintf(r->out, ",%s,%s,", member_table[d->member].name, kind_of(d));
    report_csv_text(r->out, text_of(order));
    fprintf(r->out, ",%zu", d->regressors);
    for (size_t k = 0; k < FIELDS; k++) {
        fputc(',', r->out);
        report_csv_number(r->out, fields[k].value);
    }
    fprintf(r->out, ",%s,", diagnostics_verdict(d->residuals.verdict));
    put_list(r->out, d->residuals.acf, d->residuals.lags, ";");
    fputc(',', r->out);
    put_list(r->out, d->residuals.pacf, d->residuals.lags, ";");
    fputc('\n', r->out);
}

static void json_row(struct report *r, struct text series, const struct diagnosis *d, const char *order)
{
    struct field fields[FIELDS];
    fields_of(d, fields);
    fprintf(r->out, "%s\n  {\"series\": ", r->rows ? "," : "");
    report_json_text(r->out, series);
    fprintf(r->out, ", \"model\": \"%s\", \"residuals\": \"%s\", \"order\": \"%s\", \"regressors\": %zu", member_table[d->member].name,
            kind_of(d), order, d->regressors);
    for (size_t k = 0; k < FIELDS; k++) {
        fprintf(r->out, ", \"%s\": ", fields[k].name);
        report_json_number(r->out, fields[k].value);
    }
    fprintf(r->out, ", \"verdict\": \"%s\", \"acf\": [", diagnostics_verdict(d->residuals.verdict));
    put_list(r->out, d->residuals.acf, d->residuals.lags, ", ");
    fputs("], \"pacf\": [", r->out);
    put_list(r->out, d->residuals.pacf, d->residuals.lags, ", ");
    fputs("]}", r->out);
}

static void put_number(FILE *out, int width, int digits, double v)
{
    if (maths_finite(v))
        fprintf(out, " %*.*g", width, digits, v);
    else
        fprintf(out, " %*s", width, "-");
}

static void table_row(struct report *r, struct text series, const struct diagnosis *d, const char *order)
{
    const struct diagnostics *x = &d->residuals;
    const bool tested = x->verdict != RESIDUALS_TOO_FEW;
    size_t largest = 0;
    for (size_t k = 1; k < x->lags; k++)
        if (x->acf[k] * x->acf[k] > x->acf[largest] * x->acf[largest])
            largest = k;
    fprintf(r->out, "%-10.*s %-20s %-9s %5zu", (int)series.size, series.data, member_table[d->member].name, kind_of(d), x->n);
    put_number(r->out, 10, 3, x->mean);
    put_number(r->out, 10, 3, x->sd);
    put_number(r->out, 8, 2, tested ? x->acf[0] : maths_missing());
    if (tested)
        fprintf(r->out, " %5.2f@%-2zu", x->acf[largest], largest + 1);
    else
        fprintf(r->out, " %8s", "-");
    put_number(r->out, 8, 2, tested ? x->ljung_box_p : maths_missing());
    put_number(r->out, 8, 2, tested ? x->jarque_bera_p : maths_missing());
    fprintf(r->out, "  %-15s %s", diagnostics_verdict(x->verdict), order);
    if (d->regressors)
        fprintf(r->out, ", %zu regressors", d->regressors);
    fputc('\n', r->out);
}

void diagnosis_row(struct report *r, struct text series, const struct diagnosis *d)
{
    char order[DIAGNOSIS_ORDER_BYTES] = "";
    if (d->in_sample)
        diagnosis_order(&d->order, order);
    if (r->format == REPORT_CSV)
        csv_row(r, series, d, order);
    else if (r->format == REPORT_JSON)
        json_row(r, series, d, order);
    else
        table_row(r, series, d, order);
    r->rows++;
}
