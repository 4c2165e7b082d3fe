#!/usr/bin/env python3
"""The program as a stranger at a terminal meets it: exit codes, errors of one line, full disks, closed pipes, rows for scripts."""
import csv
import datetime
import io
import json
import os
import pathlib
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.environ.get("STORECAST_BIN", "")
USAGE, DATA, SERVICE, IO, CONFIG = 64, 65, 69, 74, 78
COMMANDS = ("demo", "worker", "broker", "backtest", "forecast", "tail", "state", "topics", "doctor", "replay", "simulate", "bench", "help")
FIRST_DAY = datetime.date(2022, 1, 2)
SECONDS_MAX = 60


def run(*arguments, **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options}
    done = subprocess.run([PROGRAM, *arguments], timeout=SECONDS_MAX, **options)
    done.stderr = (done.stderr or b"").decode()
    done.stdout = (done.stdout or b"").decode()
    return done


def weekly(stores=2, weeks=110):
    """A plain file: every store grows a little and has a summer."""
    rows = ["store_id,date,amount"]
    for store in range(1, stores + 1):
        for week in range(weeks):
            rows.append(f"{store},{FIRST_DAY + datetime.timedelta(weeks=week)},{1000 * store + 3 * week + 200 * (20 <= week % 52 < 30)}")
    return "\n".join(rows) + "\n"


class Cli(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.before = os.getcwd()
        os.chdir(folder.name)
        self.addCleanup(os.chdir, self.before)

    def write(self, name, content):
        pathlib.Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    def sales(self):
        done = run("simulate", "--stores", "2", "--years", "1.5", "--out", "sales.csv")
        self.assertEqual(done.returncode, 0, done.stderr)
        return "sales.csv"

    def assert_refused(self, code, sentence, *arguments, **options):
        """With one line that begins with the program's name, and nothing on standard output."""
        done = run(*arguments, **options)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stderr}")
        self.assertRegex(done.stderr, r"\Astorecast: [^\n]+\n\Z")
        self.assertIn(sentence, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_every_command_has_help(self):
        listed = re.findall(r"^  (\w+) ", run("help").stdout, re.M)
        self.assertEqual(listed, list(COMMANDS))
        for command in COMMANDS:
            done = run("help", command)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn(f"Usage: storecast {command}", done.stdout)
            self.assertFalse(done.stdout.endswith("\n\n"), command)
            self.assertEqual(run(command, "--help").stdout, done.stdout)
        self.assertRegex(run("--version").stdout, r"\Astorecast \d+\.\d+\.\d+\n")

    def test_wrong_usage_is_64(self):
        self.assertEqual(run().returncode, USAGE)
        self.assert_refused(USAGE, "storecast help lists them", "forcast")
        self.assert_refused(USAGE, "storecast help lists them", "help", "forcast")
        self.assert_refused(USAGE, "--nope", "tail", "--nope")
        self.assert_refused(USAGE, "usage: storecast tail", "tail")
        self.assert_refused(USAGE, "'b' is one too many", "forecast", "a", "b")
        self.assert_refused(USAGE, "there is no topic 'nope'", "tail", "nope")
        self.assert_refused(USAGE, "allowed: 1 to 150", "forecast", "x.csv", "--horizon", "0")
        self.assert_refused(USAGE, "allowed: 1 to 150", "forecast", "x.csv", "--horizon", "151")
        self.assert_refused(USAGE, "'8x' is not a whole number", "forecast", "x.csv", "--horizon", "8x")
        self.assert_refused(USAGE, "table|csv|json", "forecast", "x.csv", "--format", "xml")
        self.assert_refused(USAGE, "--protocol holdout", "backtest", "x.csv", "--train", "0.7")
        self.assert_refused(USAGE, "--protocol rolling", "backtest", "x.csv", "--protocol", "holdout", "--origins", "9")
        self.assert_refused(USAGE, "seasonal_naive", "backtest", self.write("s.csv", weekly()), "--models", "prophet")

    def test_a_bad_configuration_is_78_with_its_line(self):
        for content, sentence in (("# a\nno.such.key=1\n", "c.conf:2: no.such.key"), ("forecast.horizon=151\n", "allowed: 1 to 150"),
                                  ("forecast.horizon=soon\n", "'soon' is not a whole number"), ("hello\n", "c.conf:1"),
                                  (b"\0\xff\1\n", "not a configuration file"), ("kafka.nonsense=1\n", "kafka.nonsense"),
                                  ("kafka.acks=perhaps\n", "kafka.acks"), ("kafka.group.id=x\n", "group.id")):
            self.assert_refused(CONFIG, sentence, "worker", "--check-config", "--config", self.write("c.conf", content))
        self.assert_refused(CONFIG, "none.conf", "worker", "--check-config", "--config", "none.conf")
        self.assert_refused(CONFIG, "Is a directory", "worker", "--check-config", "--config", ".")
        self.assert_refused(CONFIG, "STORECAST_FORECAST_HORIZON", "worker", "--check-config",
                            env={**os.environ, "STORECAST_FORECAST_HORIZON": "x"})
        self.assertEqual(run("worker", "--check-config", "--config", self.write("c.conf", "kafka.acks=all\n")).returncode, 0)
        self.assert_refused(CONFIG, "storecast broker", "worker")

    def test_without_a_broker_it_is_69(self):
        sales = self.write("s.csv", weekly())
        self.assert_refused(SERVICE, "storecast broker", "worker", "--embedded")
        self.assert_refused(SERVICE, "storecast broker", "tail", "forecasts")
        self.assert_refused(SERVICE, "storecast broker", "replay", sales)
        self.assert_refused(SERVICE, "127.0.0.1:1", "tail", "forecasts", "--broker", "127.0.0.1:1")

    def test_a_bad_file_is_65_with_line_and_column(self):
        good = weekly()
        lines = good.splitlines()
        files = (("store_id,amount\n1,2\n", ":1: no column for the date"),
                 ("store_id,date\n1,2022-01-01\n", ":1: no column for the quantity or amount"),
                 ("\n".join([*lines[:9], "1,2022-02-30,5", *lines[9:]]), ":10: column date: '2022-02-30' is not a date"),
                 ("\n".join([*lines[:9], "1,2022-02-28,five", *lines[9:]]), ":10: column amount: 'five' is not a number"),
                 ("\n".join([*lines[:9], "1,2022-02-28", *lines[9:]]), ":10: the row has 2 fields, the header 3"),
                 ("", "the file is empty"), (lines[0] + "\n", "no row has a value"), (b"\x7fELF\0\1\2", "not a CSV file"))
        for content, sentence in files:
            for command in ("forecast", "backtest", "replay"):
                self.assert_refused(DATA, sentence, command, self.write("bad.csv", content))
        for command in ("forecast", "backtest", "replay"):
            self.assert_refused(IO, "none.csv: No such file", command, "none.csv")
            self.assert_refused(DATA, "Is a directory", command, ".")
        self.assert_refused(DATA, "99 has no sales", "forecast", self.write("s.csv", good), "--store", "99")

    def test_a_full_disk_is_an_error(self):
        sales = self.sales()
        with open("/dev/full", "wb") as full:
            for arguments in (["help"], ["--version"], ["help", "tail"], ["worker", "--print-config"], ["worker", "--check-config"],
                              ["forecast", sales], ["forecast", sales, "--format", "json"], ["backtest", sales, "--models", "naive"],
                              ["simulate", "--stores", "2", "--years", "1"]):
                self.assert_refused(IO, "standard output", *arguments, stdout=full)
        self.assert_refused(IO, "/dev/full", "simulate", "--stores", "2", "--years", "1", "--out", "/dev/full")

    def test_a_closed_pipe_is_silent(self):
        sales = self.sales()
        for is_ignored in (False, True):  # a shell may have left SIGPIPE ignored
            for arguments in (["help"], ["--version"], ["forecast", sales, "--format", "csv"], ["simulate", "--stores", "9"]):
                reading, writing = os.pipe()
                os.close(reading)
                done = run(*arguments, stdout=writing, restore_signals=not is_ignored)
                os.close(writing)
                self.assertEqual(done.stderr, "", arguments)
                self.assertIn(done.returncode, (0, 74, -13))

    def test_progress_is_for_terminals(self):
        sales = self.sales()
        self.assertEqual(run("backtest", sales, "--models", "naive").stderr, "")
        main, terminal = pty.openpty()
        done = run("backtest", sales, "--models", "naive", stderr=terminal)
        os.close(terminal)
        shown = os.read(main, 100000).decode()
        os.close(main)
        self.assertRegex(shown, r"backtest \[#*\.*\] +\d+ %")
        self.assertNotIn("[#", done.stdout)

    def test_rows_for_scripts(self):
        sales = self.sales()
        done = run("backtest", sales, "--origins", "12", "--format", "csv")
        self.assertEqual(done.stdout.splitlines()[0], "model,protocol,level,series,horizon,metric,value,n")
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        self.assertEqual({r["horizon"] for r in rows}, {"1", "1-4", "1-8"})
        self.assertEqual({(r["protocol"], r["level"], r["series"]) for r in rows}, {("rolling", "store", "all")})
        self.assertLessEqual({"mape", "wape", "mae", "rmse", "bias", "coverage80", "coverage95"}, {r["metric"] for r in rows})
        self.assertLessEqual({"ensemble", "seasonal_naive", "naive"}, {r["model"] for r in rows})
        for r in rows:
            self.assertGreaterEqual(int(r["n"]), 0)
            float(r["value"])
        told = json.loads(run("backtest", sales, "--origins", "12", "--format", "json").stdout)
        self.assertEqual([{k: str(r[k]) for k in ("model", "horizon", "metric", "n")} for r in told],
                         [{k: r[k] for k in ("model", "horizon", "metric", "n")} for r in rows])

    def test_a_forecast_says_the_same_in_every_format(self):
        sales = self.sales()
        rows = list(csv.DictReader(io.StringIO(run("forecast", sales, "--horizon", "8", "--format", "csv").stdout)))
        told = json.loads(run("forecast", sales, "--horizon", "8", "--format", "json").stdout)
        table = run("forecast", sales, "--horizon", "8", "--format", "table").stdout
        self.assertEqual(len(rows), 2 * 8)
        self.assertEqual([(r["series"], int(r["h"]), r["last_date"], float(r["median"])) for r in rows],
                         [(r["series"], r["h"], r["last_date"], r["median"]) for r in told])
        for r in rows:
            self.assertIn(r["last_date"], table)
            self.assertIn(f"{float(r['median']):.2f}", table)


if __name__ == "__main__":
    if not PROGRAM:
        print("skipped: STORECAST_BIN is not set")
        sys.exit(77)
    PROGRAM = shutil.which(PROGRAM) or os.path.abspath(PROGRAM)
    unittest.main()
