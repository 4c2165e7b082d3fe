#!/usr/bin/env python3
"""backtest and forecast as a user runs them: formats, exit codes, sentences. Needs STORECAST_BIN."""
import csv
import datetime as dt
import io
import json
import math
import os
import subprocess
import sys
import tempfile
import unittest

BIN = os.environ.get("STORECAST_BIN", "")
METRICS = {"mape", "wape", "mae", "rmse", "mase", "smape", "bias", "coverage80", "coverage95", "skipped"}


def storecast(*arguments):
    return subprocess.run([BIN, *arguments], capture_output=True, text=True, timeout=100)


def write_totals(directory, name="sales.csv", weeks=80, stores=4):
    path = os.path.join(directory, name)
    with open(path, "w") as f:
        f.write("Store,Date,Weekly_Sales\n")
        for s in range(1, stores + 1):
            for t in range(weeks):
                day = dt.date(2020, 1, 3) + dt.timedelta(days=7 * t)
                f.write(f"{s},{day},{1000 * s * (1 + .2 * math.sin(t * .12) + .01 * ((7 * t + 3 * s) % 5)):.2f}\n")
    return path


def write_departments(directory, weeks=76, stores=4, departments=3):
    path = os.path.join(directory, "departments.csv")
    with open(path, "w") as f:
        f.write("Store,Dept,Date,Weekly_Sales\n")
        for s in range(1, stores + 1):
            for d in range(1, departments + 1):
                for t in range(weeks - 20 * (s == 1 and d == 3)):  # one that ended
                    day = dt.date(2020, 1, 3) + dt.timedelta(days=7 * t)
                    f.write(f"{s},{d},{day},{100 * s * d * (1 + .2 * math.sin(t * .12) + .01 * ((7 * t + 3 * s + d) % 11)):.2f}\n")
    return path


def read_rows(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


class Evaluation(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.file = write_totals(self.directory.name)

    def rows(self, *arguments):
        done = storecast(*arguments, "--format", "csv")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")  # silent in a pipe
        return list(csv.DictReader(io.StringIO(done.stdout)))

    def test_backtest_csv_has_the_promised_columns(self):
        rows = self.rows("backtest", self.file, "--origins", "10")
        self.assertEqual(list(rows[0]), "model protocol level series horizon metric value n".split())
        self.assertEqual({r["horizon"] for r in rows}, {"1", "1-4", "1-8"})
        self.assertLessEqual({r["metric"] for r in rows}, METRICS)
        self.assertEqual({r["series"] for r in rows}, {"all"})
        n = {(r["model"], r["horizon"]): int(r["n"]) for r in rows if r["metric"] == "mape"}
        self.assertEqual(n["seasonal_yoy", "1"], 4 * 10)
        self.assertEqual(n["seasonal_yoy", "1-8"], 4 * (3 * 8 + sum(range(1, 8))))
        self.assertTrue(any(r["model"] == "ensemble" and r["metric"] == "coverage80" for r in rows))

    def test_json_and_csv_say_the_same(self):
        rows = self.rows("backtest", self.file, "--origins", "5", "--models", "naive")
        done = storecast("backtest", self.file, "--origins", "5", "--models", "naive", "--format", "json")
        self.assertEqual([{k: str(v) for k, v in r.items() if k != "value"} for r in json.loads(done.stdout)],
                         [{k: v for k, v in r.items() if k != "value"} for r in rows])

    def test_holdout_takes_a_share_or_a_number(self):
        for train in ("0.75", "60"):
            rows = self.rows("backtest", self.file, "--protocol", "holdout", "--train", train, "--models", "seasonal_naive")
            self.assertEqual({r["horizon"] for r in rows}, {"1-20"})
            self.assertEqual({r["n"] for r in rows}, {"80"})

    def test_damped_growth_is_shown_and_enters_where_it_is_named(self):
        models = {r["model"] for r in self.rows("backtest", self.file, "--origins", "2")}
        self.assertNotIn("damped_growth", models)
        named = self.rows("backtest", self.file, "--origins", "2", "--models", "damped_growth,naive")
        self.assertEqual({r["model"] for r in named}, {"damped_growth", "naive"})
        rows = self.rows("forecast", self.file, "--models", "ensemble,damped_growth", "-X", "ensemble.members=damped_growth")
        of = {m: [float(r["median"]) for r in rows if r["model"] == m] for m in ("ensemble", "damped_growth")}
        self.assertEqual(of["ensemble"], of["damped_growth"])

    def test_fev_scores_one_window_with_quantiles(self):
        path = write_departments(self.directory.name)
        fev = ("backtest", path, "--level", "department", "--protocol", "fev", "--train", "70")
        rows = self.rows(*fev)
        self.assertEqual({r["horizon"] for r in rows}, {"1-6"})
        self.assertEqual({r["series"] for r in rows}, {"all/1", "all/6"})
        self.assertEqual({r["n"] for r in rows}, {str(6 * 11)})  # one series has no last week
        self.assertEqual({r["metric"] for r in rows if r["model"] == "ensemble"}, {"wape", "mase", "sql", "wql"})
        self.assertEqual({r["metric"] for r in rows if r["model"] == "naive"}, {"wape", "mase"})
        value = {(r["model"], r["metric"]): float(r["value"]) for r in rows if r["series"] == "all/1"}
        self.assertLess(value["ensemble", "wape"], value["naive", "wape"])
        self.assertEqual({r["series"] for r in self.rows(*fev, "--partitions", "2")}, {"all/2"})
        self.assertEqual({r["horizon"] for r in self.rows(*fev, "--horizon", "4", "-j", "2")}, {"1-4"})
        same = json.loads(storecast(*fev, "--format", "json").stdout)
        self.assertEqual([(r["model"], r["metric"], r["n"]) for r in same], [(r["model"], r["metric"], int(r["n"])) for r in rows])
        table = storecast(*fev).stdout
        self.assertIn("11 series; 70 weeks known, 6 ahead", table)
        self.assertNotIn("Chronos", table)  # another file than theirs

    def test_fev_says_what_it_needs(self):
        path = write_departments(self.directory.name)
        self.refused(64, "backtest", path, "--protocol", "fev", says=["--level department"])
        self.refused(64, "backtest", path, "--level", "department", "--protocol", "fev", "--origins", "3", says=["--origins", "rolling"])
        self.refused(64, "backtest", path, "--level", "department", "--protocol", "fev", "--models", "naive", says=["--models", "rolling"])
        self.refused(65, "backtest", path, "--level", "department", "--protocol", "fev", says=["--train", "104", "76"])
        self.refused(65, "backtest", path, "--level", "department", "--protocol", "fev", "--train", "60", says=["--train", "68"])
        self.refused(65, "backtest", self.file, "--level", "department", "--protocol", "fev", says=["departments"])

    def test_threads_change_nothing(self):
        one, three = (storecast("backtest", self.file, "--origins", "8", "-j", j, "--by-series").stdout for j in ("1", "3"))
        self.assertEqual(one, three)
        self.assertIn("seasonal_yoy", one)

    def test_forecasts_of_every_origin_are_written(self):
        path = os.path.join(self.directory.name, "out.csv")
        self.rows("backtest", self.file, "--origins", "3", "--models", "naive", "--forecasts", path)
        rows = read_rows(path)
        self.assertEqual(list(rows[0]), "origin series h model value".split())
        self.assertEqual(len(rows), 4 * (3 + 2 + 1))
        self.assertEqual({r["origin"] for r in rows}, {"77", "78", "79"})

    def test_forecast_gives_dates_and_ordered_quantiles(self):
        rows = self.rows("forecast", self.file, "--horizon", "3", "--store", "2", "--quantiles", ".9,.1,.5")
        self.assertEqual([r["h"] for r in rows], ["1", "2", "3"])
        self.assertEqual(rows[0]["last_date"], str(dt.date(2020, 1, 3) + dt.timedelta(days=7 * 80)))
        self.assertEqual({r["series"] for r in rows}, {"2"})
        self.assertEqual({r["status"] for r in rows}, {"OK"})
        for r in rows:
            self.assertTrue(0 < float(r["q0.1"]) <= float(r["q0.5"]) <= float(r["q0.9"]))
            self.assertAlmostEqual(float(r["q0.5"]), float(r["median"]), places=6)

    def test_forecast_of_a_backtest_origin_is_the_same(self):
        path, cut = (os.path.join(self.directory.name, name) for name in ("out.csv", "cut.csv"))
        self.rows("backtest", self.file, "--origins", "1", "--horizon", "1", "--forecasts", path, "--models", "ensemble")
        last = str(dt.date(2020, 1, 3) + dt.timedelta(days=7 * 79))
        with open(self.file) as whole, open(cut, "w") as f:
            f.writelines(line for line in whole if last not in line)
        expected = {r["series"]: float(r["value"]) for r in read_rows(path)}
        for r in self.rows("forecast", cut, "--horizon", "1"):
            self.assertAlmostEqual(float(r["median"]) / expected[r["series"]], 1, places=9)

    def test_short_history_is_named(self):
        rows = self.rows("forecast", write_totals(self.directory.name, "short.csv", weeks=5), "--models", "best,ensemble,naive")
        self.assertEqual({r["status"] for r in rows}, {"SHORT_HISTORY"})
        self.assertTrue(all(float(r["median"]) > 0 for r in rows))

    def refused(self, code, *arguments, says):
        done = storecast(*arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("storecast: "), done.stderr)
        for text in says:
            self.assertIn(text, done.stderr)

    def test_what_is_wrong_is_said_in_one_line(self):
        bad = os.path.join(self.directory.name, "bad.csv")
        with open(bad, "w") as f:
            f.write("Store,Date,Weekly_Sales\n1,2020-01-03,12\n1,2020-01-10,many\n")
        self.refused(65, "backtest", bad, says=["bad.csv", "3", "many"])
        self.refused(65, "forecast", bad, says=["bad.csv"])
        self.refused(64, "backtest", self.file, "--models", "prophet", says=["prophet", "seasonal_naive"])
        self.refused(64, "backtest", self.file, "--sorcery", says=["--sorcery", "help backtest"])
        self.refused(64, "backtest", self.file, "--protocol", "magic", says=["magic", "rolling"])
        self.refused(64, "forecast", self.file, "--horizon", "151", says=["--horizon", "151"])
        self.refused(64, "forecast", self.file, "--quantiles", ".5,2", says=["--quantiles", "between 0 and 1"])
        self.refused(65, "forecast", self.file, "--store", "99", says=["99"])
        self.refused(65, "backtest", self.file, "--protocol", "holdout", "--train", "200", says=["--train", "80"])
        self.refused(65, "backtest", self.file, "--level", "product", says=["--level store"])
        self.refused(65, "backtest", write_totals(self.directory.name, "one.csv", weeks=1), says=["two"])

    def test_models_on_request_are_fitted_when_named(self):
        file = write_totals(self.directory.name, weeks=100)
        named = {r["model"]: float(r["value"]) for r in self.rows("backtest", file, "--origins", "3", "--models", "all,arima_growth,arima_regression")
                 if (r["metric"], r["horizon"]) == ("mape", "1-8")}
        self.assertLess(named["arima_growth"], named["naive"])
        self.assertLess(named["arima_regression"], named["naive"])
        plain = {r["model"]: float(r["value"]) for r in self.rows("backtest", file, "--origins", "3")
                 if (r["metric"], r["horizon"]) == ("mape", "1-8")}
        self.assertEqual(plain, {m: v for m, v in named.items() if not m.startswith("arima")})
        forecast = self.rows("forecast", file, "--models", "arima_growth", "--horizon", "60")
        self.assertEqual(len(forecast), 4 * 60)

    def test_a_model_on_request_enters_the_ensemble_when_that_is_asked_for(self):
        file = write_totals(self.directory.name, weeks=100, stores=1)
        option = ["-X", "ensemble.members=arima_growth"]
        rows = self.rows("forecast", file, "--models", "ensemble,arima_growth", "--horizon", "4", *option)
        of = {m: [float(r["median"]) for r in rows if r["model"] == m] for m in ("ensemble", "arima_growth")}
        self.assertEqual(of["ensemble"], of["arima_growth"])
        before = self.rows("forecast", file, "--horizon", "4")
        self.assertNotEqual([float(r["median"]) for r in before], of["ensemble"])

    def test_diagnose_tells_numbers_and_a_verdict(self):
        file = write_totals(self.directory.name, weeks=100)
        arguments = ["forecast", file, "--diagnose", "--models", "ensemble,arima_growth,arima_regression"]
        rows = self.rows(*arguments)
        self.assertEqual([r["model"] for r in rows], ["ensemble", "arima_growth", "arima_regression"] * 4)
        told = json.loads(storecast(*arguments, "--format", "json").stdout)
        table = storecast(*arguments).stdout
        for r, t in zip(rows, told):
            self.assertIn(r["verdict"], {"white noise", "autocorrelated", "not normal", "biased", "too few"})
            self.assertEqual([r["series"], r["model"], r["order"], r["verdict"]], [t["series"], t["model"], t["order"], t["verdict"]])
            self.assertEqual(len(t["acf"]), len(t["pacf"]))
            self.assertEqual(";".join(f"{v:.4f}" for v in t["acf"]), r["acf"])
            self.assertIn(r["verdict"], table)
            if r["residuals"] == "in sample":
                self.assertRegex(r["order"], r"^\(\d,\d,\d\)")
                self.assertIn(r["order"], table)
                self.assertEqual(t["lags"], min(24, t["n"] // 5))
                self.assertTrue(0 <= t["ljung_box_p"] <= 1 and 0 <= t["jarque_bera_p"] <= 1)

    def test_diagnose_of_next_to_nothing(self):
        path = os.path.join(self.directory.name, "one.csv")
        with open(path, "w") as f:
            f.write("store_id,date,amount\n1,2022-01-02,5\n1,2022-01-08,5\n2,2022-01-08,0\n")
        rows = self.rows("forecast", path, "--diagnose", "--models", "all,arima_growth,arima_regression")
        self.assertTrue(rows)
        self.assertEqual({r["verdict"] for r in rows}, {"too few"})


if __name__ == "__main__":
    if not BIN:
        print("skipped: STORECAST_BIN is not set")
        sys.exit(77)
    unittest.main()
