#!/usr/bin/env python3
"""Writes tests/golden/intervals_*.csv and drift_*.csv: synthetic errors and what the prototypes make of them.

    python3 scripts/make_golden_errors.py PROTOTYPE_DIR      (needs numpy and pandas)
"""
import csv
import pathlib
import sys

import numpy as np

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden"
SLOTS, SERIES, STEPS = 40, 5, 8


def write(name, head, rows):
    with open(GOLDEN / name, "w", newline="") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(head)
        w.writerows(rows)


def intervals(yoy):
    rng = np.random.default_rng(3)
    sizes = np.array([.02, .03, .05, .08, .3])
    errors = {h: sizes * np.sqrt(h) * rng.standard_t(4, (SLOTS, SERIES)) + .3 * sizes for h in range(1, STEPS + 1)}
    errors = {h: e.round(6) for h, e in errors.items()}
    errors[1][3:9, 2] = errors[1][20:26, 2] = 0            # ties
    write("intervals_errors.csv", ["step", "slot", "series", "error"],
          [[h, q, s, repr(float(e[q, s]))] for h, e in errors.items() for q in range(SLOTS - h + 1) for s in range(SERIES)])
    offsets, widths, ratios = [], [], []
    for h, e in errors.items():
        known = e[:SLOTS - h + 1]
        q = yoy.conformal_quantiles(known)
        for s in range(SERIES):
            alone = yoy.conformal_quantiles(known[:, s:s + 1], own_share=1.0)
            offsets += [[h, s, p, repr(float(q[k, s])), repr(float(alone[k, 0]))] for k, p in enumerate(yoy.QUANTILES)]
        half = yoy.conformal_half_widths(known)
        widths += [[h, s, repr(float(half[0, s])), repr(float(half[1, s]))] for s in range(SERIES)]
        weight = .97 ** np.arange(len(known))[::-1]
        own = weight @ np.exp(known) / weight.sum()
        ratios += [[h, s, repr(float(r))] for s, r in enumerate(np.clip(.6 * own + .4 * own.mean(), .8, 1.5))]
    write("intervals_offsets.csv", ["step", "series", "level", "offset", "alone"], offsets)
    write("intervals_half_widths.csv", ["step", "series", "half_width_80", "half_width_95"], widths)
    write("intervals_ratios.csv", ["step", "series", "mean_ratio"], ratios)


def drift(rule, periods=170, series=24):
    """Errors with autocorrelation, and in most columns something that goes wrong: shifts, scales, single spikes."""
    rng = np.random.default_rng(9)
    noise = rng.normal(0, 1, (periods, series))
    for t in range(1, periods):
        noise[t] += .4 * noise[t - 1] * (np.arange(series) % 3 == 0)
    r = .03 * noise * (1 + np.arange(series) % 4 / 2)
    at = rng.integers(30, 120, series)
    for s in range(series):
        kind = s % 6
        if kind == 1:
            r[at[s]:, s] += .12                            # for good: rebased
        elif kind == 2:
            r[at[s]:at[s] + 9, s] -= .36                   # comes back: recovered
        elif kind == 3:
            worse = slice(at[s], at[s] + 40)               # both signs in turn: neither sum grows
            r[worse, s] = 3 * np.abs(r[worse, s]) * (-1) ** np.arange(40)[:periods - at[s]]
        elif kind == 4:
            r[at[s], s] -= .7
            r[at[s] + 40:at[s] + 42, s] += .6
        elif kind == 5:
            r[at[s]:, s] += np.linspace(0, .3, periods - at[s])
    r[:, 0] = 0                                            # a perfect series: the floors
    r = r.round(6)
    fired, resolved, strength, bias = rule.drift(r)
    write("drift_errors.csv", [f"s{s}" for s in range(series)], [[repr(float(v)) for v in row] for row in r])
    write("drift_outcomes.csv", ["period", "series", "fired", "resolved", "strength", "bias"],
          [[t, s, fired[t, s], resolved[t, s], repr(float(strength[t, s])), repr(float(bias[t, s]))]
           for t in range(rule.BASE, periods) for s in range(series)])
    print(f"drift: {(fired > 0).sum()} fired, causes {sorted(set(fired.ravel()))}, resolutions {sorted(set(resolved.ravel()))}")


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    import drift_rule
    import seasonal_yoy
    intervals(seasonal_yoy)
    drift(drift_rule)
