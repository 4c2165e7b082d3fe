#!/usr/bin/env python3
"""Makes departments_panel.csv and departments_forecasts.csv: the invented sales of some departments of some stores, and what
the executable definitions of the department model, of damped_growth, of covariate_panel and of the scores make of them.

    python3 make_departments.py DIRECTORY_OF_departments.py

Needs numpy and pandas (no xgboost). Department 5 has two stores only, one series is short, one never sold, and there are gaps,
returns below zero and two spikes.
"""
import datetime as dt
import math
import os
import random
import sys

STORES, DEPARTMENTS, WEEKS, KNOWN = 6, 5, 104, 80
FIRST_WEEK = dt.date(2015, 1, 9)


def panel():
    rng = random.Random(3)
    columns = []
    for store in range(1, STORES + 1):
        growth = rng.gauss(0, .06)
        for department in range(1, DEPARTMENTS + 1):
            if department == 5 and store > 2:
                continue
            level, noise, summer, phase = rng.uniform(5, 10), rng.uniform(.03, .25), rng.gauss(0, .2), rng.uniform(0, 7)
            walk, sales = 0.0, []
            for t in range(WEEKS):
                week = FIRST_WEEK + dt.timedelta(days=7 * t)
                walk += rng.gauss(0, .01)
                christmas = .5 * math.exp(-.5 * (((week - dt.date(week.year, 12, 22)).days - 3) / 6) ** 2)
                x = (level + growth * t / 52 + walk + summer * math.cos(2 * math.pi * t / 52.18 - phase) + department % 3 * christmas +
                     rng.gauss(0, noise))
                sales.append("" if rng.random() < .03 else f"{math.exp(x):.2f}")
            columns.append((store, department, sales))
    columns[3][2][:50] = [""] * 50                       # too short for its pool
    columns[8][2][:KNOWN] = ["0.00"] * KNOWN             # never sold
    columns[6][2][30], columns[11][2][61] = f"{float(columns[6][2][31]) * 9:.2f}", "-12.50"
    columns[12][2][44] = f"{float(columns[12][2][45]) / 8:.2f}"
    return columns


def main(directory):
    sys.path.insert(0, directory)
    import numpy as np
    import departments as definition
    import panels
    import seasonal_yoy as yoy

    here = os.path.dirname(os.path.abspath(__file__))
    columns = panel()
    with open(os.path.join(here, "departments_panel.csv"), "w") as f:
        f.write("store,department,date,sales\n")
        for store, department, sales in columns:
            for t, value in enumerate(sales):
                if value:
                    f.write(f"{store},{department},{FIRST_WEEK + dt.timedelta(days=7 * t)},{value}\n")

    sales = np.array([[float(v) if v else np.nan for v in c[2]] for c in columns]).T
    store, department = (np.array([c[k] for c in columns]) for k in (0, 1))
    calendar, forecasts, errors, ahead = yoy.Calendar(FIRST_WEEK, WEEKS + 60), {}, {}, WEEKS - KNOWN
    for o in range(definition.FIRST_ORIGIN, KNOWN + 1, definition.STEP):
        f, c = definition.point(sales[:o], store, department, calendar, ahead if o == KNOWN else min(ahead, KNOWN - o))
        forecasts[o] = f, definition.add_error_history(c, errors, o, store, department)
        if o < KNOWN:
            actual = sales[o:o + len(f)]
            errors[o] = np.log(np.where(actual > 0, actual, np.nan)) - f
    q = definition.quantiles(sales[:KNOWN], forecasts, errors, KNOWN)["linear"]
    last = np.array([c[~np.isnan(c)][-1] for c in sales[:KNOWN].T])    # what stands in for a series that never sold
    scores = panels.fev_scores(sales[:KNOWN], sales[KNOWN:], np.where(np.isnan(q), last[None, :, None], np.exp(q)))

    x = np.where(sales > 0, np.log(np.where(sales > 0, sales, 1)), np.nan)[:KNOWN]
    pool = np.flatnonzero(department == 1)
    filled = definition.gap_free(x[:, pool])
    drawn = yoy.draw_configurations()
    averaged = [drawn[i] for i in (33, 21, 19, 3, 9, 31, 18, 43, 11, 26)]
    damped = np.mean([panels.damped_growth(filled, calendar, 52, c) for c in averaged], axis=0)
    harmonics = np.column_stack([calendar.holidays, calendar.annual(3)])[:KNOWN + 8]
    rng = random.Random(5)
    own = np.array([[[float(rng.random() < .3), rng.uniform(-1, 1)] for _ in pool] for _ in range(KNOWN + 8)]).round(3)
    covariate = panels.covariate_panel(x[:, pool], own, harmonics, 8)

    with open(os.path.join(here, "departments_forecasts.csv"), "w") as f:
        f.write("what,column,h,value\n")
        put = lambda what, column, h, value: f.write(f"{what},{column},{h},{value:.12g}\n")
        for k in range(len(columns)):
            for h in (1, 2, 9, ahead):
                put("point", k, h, forecasts[KNOWN][0][h - 1, k])
                for level in (0, 4, 8):
                    put(f"quantile{level}", k, h, q[h - 1, k, level])
        for name, value in zip("WAPE MASE SQL WQL".split(), scores):
            put(name, 0, 0, value)
        for i in range(len(pool)):
            for h in (1, 2, 26, 52):
                put("damped", i, h, damped[h - 1, i])
            for h in (1, 2, 8):
                put("covariate", i, h, covariate[h - 1, i])
        for t in range(KNOWN + 8):
            for i in range(len(pool)):
                for k in range(2):
                    put(f"own{k}", i, t, own[t, i, k])


if __name__ == "__main__":
    main(*sys.argv[1:2])
