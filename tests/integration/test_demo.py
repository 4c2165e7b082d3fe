#!/usr/bin/env python3
"""storecast demo, from outside: what it prints, that it ends cleanly whenever it is told to, and real sales."""
import csv
import io
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = os.environ.get("STORECAST_BIN", "")
SOURCE = pathlib.Path(os.environ.get("STORECAST_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
SHARED = pathlib.Path(os.environ.get("STORECAST_SHARED") or SOURCE.parent / "shared")
WALMART = SHARED / "data" / "walmart" / "Walmart_Store_sales.csv"
SMALL = ["--stores", "9", "--years", "1.2"]
PUBLISHED = {1: (2.758, 2.844, 2.932), 6: (2.777, 2.863, 2.953)}  # seasonal_yoy, by partitions, without outlier flags


def run(*arguments, **options):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=100, **options)


class Demo(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        # port 0: any free one, so that nothing else on this machine is in the way
        self.environment = {**os.environ, "TMPDIR": self.folder.name, "STORECAST_HTTP_PORT": "0"}

    def tearDown(self):
        self.folder.cleanup()

    def processes(self):
        """Of this test: they have our temporary folder on their command line."""
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if self.folder.name.encode() in entry.read_bytes():
                    found.append(int(entry.parent.name))
            except OSError:
                pass
        return found

    def assert_nothing_left(self, folders=0):
        until = time.monotonic() + 5
        while self.processes() and time.monotonic() < until:
            time.sleep(.02)
        self.assertEqual(self.processes(), [])
        self.assertEqual(len(os.listdir(self.folder.name)), folders)

    def test_a_newcomer_sees_what_happened(self):
        done = run("demo", *SMALL, "--years", "2", env=self.environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        for text in ("9 simulated stores", "duplicates dropped", "late records taken", "Alerts:", "seasonal_naive", "interval held", "Try next"):
            self.assertIn(text, done.stdout)
        self.assertNotIn("missing", done.stdout)
        self.assert_nothing_left()

    def test_the_numbers_add_up(self):
        done = run("demo", *SMALL, "--returns", "0.1", "--duplicates", "0.1", "--late", "0.1", env=self.environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        counts = {}
        for line in done.stdout.splitlines():
            words = line.strip().split("  ")
            numbers = [w for w in words[1:] if w.strip()]
            if line.startswith("  ") and numbers and numbers[0].strip().replace(",", "").isdigit():
                counts[words[0]] = int(numbers[0].replace(",", ""))
        self.assertEqual(counts["events in"], counts["sales"] + counts["duplicates dropped"] + 3)  # a Complete for every partition
        self.assertEqual(counts["dead letters"], 0)
        self.assertGreater(counts["of them returns"], 100)
        self.assertGreater(counts["late records taken"], 100)

    def test_rows_for_scripts(self):
        done = run("demo", *SMALL, "--format", "csv", "--partitions", "1", env=self.environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        self.assertEqual(list(rows[0]), "model protocol level series horizon metric value n".split())
        self.assertEqual({r["protocol"] for r in rows}, {"stream"})
        self.assertEqual({r["horizon"] for r in rows}, {"1", "1-4", "1-8"})

    def test_ctrl_c_ends_it_at_any_moment(self):
        for delay in (0, .02, .1, .3, .6, 1):
            p = subprocess.Popen([PROGRAM, "demo", "--stay"], env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(delay)
            p.send_signal(signal.SIGINT)
            code = p.wait(timeout=20)
            # Killed by the signal: it had not begun yet, which on a slow machine or under a sanitizer takes a while.
            self.assertIn(code, (0, 130) if delay > .3 else (0, 130, -signal.SIGINT), f"after {delay} s")
            self.assert_nothing_left()

    def test_its_children_die_with_it(self):
        p = subprocess.Popen([PROGRAM, "demo", "--stay"], env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while len(self.processes()) < 2 and time.monotonic() < until:
            time.sleep(.02)
        self.assertGreaterEqual(len(self.processes()), 2)
        p.kill()
        p.wait()
        self.assert_nothing_left(folders=1)

    def test_staying_serves_metrics_until_told(self):
        p = subprocess.Popen([PROGRAM, "demo", *SMALL, "--stay"], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in p.stderr:
            if "/metrics" in line:
                url = line.split("metrics at ")[1].split(",")[0]
                break
        import urllib.request
        page = urllib.request.urlopen(url, timeout=10).read().decode()
        self.assertIn("storecast_periods_closed_total", page)
        p.send_signal(signal.SIGTERM)
        p.communicate(timeout=20)
        self.assertEqual(p.returncode, 0)
        self.assert_nothing_left()

    def test_a_file_that_is_not_there_is_told(self):
        done = run("demo", "--sales", "/nonexistent.csv", env=self.environment)
        self.assertEqual(done.returncode, 74)
        self.assertIn("/nonexistent.csv", done.stderr)
        self.assert_nothing_left()

    @unittest.skipUnless(WALMART.exists(), f"{WALMART} is not here (set STORECAST_SHARED)")
    def test_real_sales_as_read_back_from_the_topics(self):
        for partitions, expected in PUBLISHED.items():
            done = run("demo", "--sales", str(WALMART), "--partitions", str(partitions), "--format", "csv",
                       "-X", "cleaning.outliers=false", env=self.environment)
            self.assertEqual(done.returncode, 0, done.stderr)
            rows = {(r["model"], r["horizon"], r["metric"]): r for r in csv.DictReader(io.StringIO(done.stdout))}
            for horizon, mape, n in zip(("1", "1-4", "1-8"), expected, (2340, 9090, 17460)):
                row = rows["seasonal_yoy", horizon, "mape"]
                self.assertEqual(int(row["n"]), n)
                self.assertAlmostEqual(float(row["value"]), mape, delta=.001, msg=f"{partitions} partitions, {horizon}")
                self.assertTrue(76 <= float(rows["ensemble", horizon, "coverage80"]["value"]) <= 86)
                self.assertTrue(93.5 <= float(rows["ensemble", horizon, "coverage95"]["value"]) <= 97.5)


if __name__ == "__main__":
    if not PROGRAM:
        print("skipped: STORECAST_BIN is not set")
        sys.exit(77)
    unittest.main()
