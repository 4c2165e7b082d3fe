#!/usr/bin/env python3
"""Makes yoy_synthetic_panel.csv and yoy_synthetic_forecasts.csv: a panel of invented stores and what the executable
definition of the year-over-year model forecasts for it.

    python3 make_yoy.py DIRECTORY_OF_seasonal_yoy.py

Needs numpy and pandas. 60 stores, 118 weeks that end on Sundays: at origin 54 there are more series than periods.
"""
import datetime as dt
import math
import os
import random
import sys

STORES, WEEKS, SHOWN = 60, 118, 4
FIRST_WEEK = dt.date(2014, 9, 14)
ORIGINS = {54: (1, 8, 52, 53), 70: (1, 2, 30), 118: (1, 2, 8, 43, 52, 53, 54, 104, 105, 106, 150)}
AVERAGED = [33, 21, 19, 3, 9, 31, 18, 43, 11, 26]


def panel():
    rng = random.Random(7)
    stores = [dict(level=rng.uniform(9, 14), growth=rng.gauss(0, .05), summer=rng.gauss(.1, .1), phase=rng.uniform(0, 7),
                   christmas=rng.uniform(.2, .9), easter=rng.uniform(0, .2), noise=rng.uniform(.01, .05), walk=0.0)
              for _ in range(STORES)]
    rows, common = [], 0.0
    for t in range(WEEKS):
        week = FIRST_WEEK + dt.timedelta(days=7 * t)
        common += rng.gauss(0, .01)
        phase = 2 * math.pi * (week.timetuple().tm_yday - 4) / 365.25
        christmas = math.exp(-.5 * (((week - dt.date(week.year, 12, 22)).days - 3) / 6) ** 2)
        easter = week in (dt.date(2015, 4, 5), dt.date(2016, 3, 27), dt.date(2017, 4, 16))
        row = []
        for s in stores:
            s["walk"] += rng.gauss(0, .008)
            x = (s["level"] + common + s["walk"] + s["growth"] * t / 52 + s["summer"] * math.cos(phase - s["phase"]) +
                 s["christmas"] * christmas + s["easter"] * easter + rng.gauss(0, s["noise"]))
            row.append(f"{x:.6f}")
        rows.append(row)
    return rows


def main(directory):
    sys.path.insert(0, directory)
    import numpy as np
    import seasonal_yoy as definition

    here = os.path.dirname(os.path.abspath(__file__))
    rows = panel()
    with open(os.path.join(here, "yoy_synthetic_panel.csv"), "w") as f:
        f.write("week," + ",".join(f"log_sales_{i + 1}" for i in range(STORES)) + "\n")
        for t, row in enumerate(rows):
            f.write((FIRST_WEEK + dt.timedelta(days=7 * t)).isoformat() + "," + ",".join(row) + "\n")

    x = np.array(rows, float)
    calendar = definition.Calendar(FIRST_WEEK, WEEKS + 150)
    drawn = definition.draw_configurations()
    sets = {"default": [definition.DEFAULT], "no_pooling": [definition.NO_POOLING], "averaged": [drawn[i] for i in AVERAGED]}
    with open(os.path.join(here, "yoy_synthetic_forecasts.csv"), "w") as f:
        f.write("configuration,origin,h,store,log_forecast\n")
        for name, chosen in sets.items():
            for origin, steps in ORIGINS.items():
                forecast = definition.forecast_average(x[:origin], calendar, max(steps), chosen)
                for h in steps:
                    for i in range(0, STORES, SHOWN):
                        f.write(f"{name},{origin},{h},{i + 1},{forecast[h - 1, i]:.12g}\n")


if __name__ == "__main__":
    main(*sys.argv[1:2])
