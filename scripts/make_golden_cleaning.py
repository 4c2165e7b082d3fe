#!/usr/bin/env python3
"""Writes tests/golden/cleaning.csv: a synthetic panel with gaps, spikes and a yearly peak, and what the prototype
(shared/prototype/supplements.py, its directory on PYTHONPATH) makes of it. Needs numpy and pandas.

    PYTHONPATH=../shared/prototype python3 scripts/make_golden_cleaning.py > tests/golden/cleaning.csv
"""
import numpy as np

from supplements import fill_gaps_alone, fill_gaps_pool, flag_outliers

rng = np.random.default_rng(7)
periods, series = 126, 6
season = np.sin(2 * np.pi * np.arange(periods) / 52)[:, None]
x = 10 + np.arange(series) * 0.4 + 0.2 * season + 0.03 * rng.standard_normal((periods, series))
x[[20, 72, 124], 1] += 0.9                # every year: belongs to the season
for t, s, size in ((5, 0, 1.2), (60, 2, -0.8), (61, 2, 0.7), (125, 4, 0.5), (90, 5, -2.0)):
    x[t, s] += size
x[:, 3] *= 1 + 0.1 * rng.standard_normal(periods)   # a wild one: its own spread decides
flagged = flag_outliers(x)
gappy = np.where(flagged | (rng.random(x.shape) < 0.12), np.nan, x)
gappy[40] = np.nan                        # a period that nobody reported
gappy[:15, 5] = np.nan                    # a late start
gappy[100:118, 2] = np.nan
gappy[-3:, 0] = np.nan
pool = fill_gaps_pool(gappy)
alone = np.column_stack([fill_gaps_alone(column) for column in gappy.T])
print("period,series,x,flagged,gappy,pool,alone")
for t in range(periods):
    for s in range(series):
        gap = "" if np.isnan(gappy[t, s]) else f"{gappy[t, s]:.17g}"
        print(f"{t},{s},{x[t, s]:.17g},{int(flagged[t, s])},{gap},{pool[t, s]:.17g},{alone[t, s]:.17g}")
