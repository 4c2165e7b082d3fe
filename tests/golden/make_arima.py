#!/usr/bin/env python3
"""Writes tests/golden/arima/ from the reference values (R 4.2.2, forecast 8.20) given as argument: series of R's own data sets,
fits, likelihoods at fixed parameters, unit root tests. Stores' series stay where they are.

    tests/golden/make_arima.py SHARED/reference
"""
import csv
import pathlib
import re
import sys

source, target = pathlib.Path(sys.argv[1]), pathlib.Path(__file__).parent / "arima"


def rows(name):
    with open(source / name, newline="") as file:
        return list(csv.DictReader(file))


def own(row):
    return not row["series"].startswith("walmart")


def write(name, header, lines):
    with open(target / name, "w") as file:
        for line in [header, *lines]:
            print(*line, sep=",", file=file)


def transformed(row):
    log = re.search(r"Arima\((log10|log)\(", row["call"])
    return log.group(1) if log else "log" if row["kind"] == "auto_log" else "none"


def fits():
    for row in rows("reference.csv"):
        if row["kind"] == "ets" or not own(row) or "CSS" in row["call"] or "xreg" in row["call"]:
            continue
        p, d, q, P, D, Q = map(int, re.findall(r"\d+", row["order"])[:6])
        names = row["coef_names"].split(";")
        constant = int("intercept" in names or "drift" in names)
        period = int(float(row["freq"])) if float(row["freq"]) >= 1 else 1
        yield [row["series"], row["kind"], transformed(row), p, d, q, P, D, Q, period, constant, row["loglik"], row["aicc"],
               row["sigma2"], row["mean"]]


def likelihoods():
    for row in rows("reference_loglik.csv"):
        name = re.sub(r"^log\((.*)\)$", r"\1", row["series"])
        yield [name, "log" if name != row["series"] else "none", *row["order"].split(","), *row["seasonal"].split(","),
               row["period"], row["par"], row["loglik"], row["sigma2"]]


def unit_roots():
    for row in filter(own, rows("reference_unitroot.csv")):
        period = int(float(row["freq"])) if float(row["freq"]) >= 1 else 1
        yield [row["series"], period, row["ndiffs_kpss"], row["nsdiffs_seas"], row["kpss_stat"]]


def series():
    used = {row["series"] for row in rows("reference.csv") + rows("reference_unitroot.csv") if own(row)}
    for name in sorted(used):
        values = (source / "series" / f"{name}.csv").read_text().split("\n")[2:]
        for t, value in enumerate(v for v in values if v):
            yield [name, t, value]


order = ["p", "d", "q", "P", "D", "Q", "period"]
target.mkdir(exist_ok=True)
write("series.csv", ["series", "t", "value"], series())
write("fits.csv", ["series", "kind", "transform", *order, "constant", "loglik", "aicc", "sigma2", "forecast"], fits())
write("likelihoods.csv", ["series", "transform", *order, "parameters", "loglik", "sigma2"], likelihoods())
write("unit_roots.csv", ["series", "period", "differences", "seasonal_differences", "kpss"], unit_roots())
