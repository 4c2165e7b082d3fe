#!/usr/bin/env python3
"""simulate and replay, from outside: a file through the broker into a worker, and what the worker then knows."""
import csv
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = os.environ.get("STORECAST_BIN", "")


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=60)


class Replay(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.temporary.name)
        self.state = ["-X", f"state.dir={self.folder}/state"]
        self.children = []

    def tearDown(self):
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            child.wait(timeout=20)
        self.temporary.cleanup()

    def start(self, *arguments):
        log = open(self.folder / f"{arguments[0]}.log", "w")
        child = subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=log, stderr=log)
        log.close()
        self.children.append(child)
        return child

    def start_broker(self):
        self.start("broker", "--partitions", 2, *self.state)
        until = time.monotonic() + 10
        while not (self.folder / "state" / "broker").exists():
            self.assertLess(time.monotonic(), until, "the broker did not come up")
            time.sleep(.02)

    def start_worker(self):
        return self.start("worker", "--embedded", "-X", "http.port=0", *self.state)

    def stop_worker(self):
        worker = self.children.pop()
        worker.terminate()
        self.assertEqual(worker.wait(timeout=20), 0)

    def simulated(self, *more):
        sales, truth = self.folder / "sales.csv", self.folder / "truth.csv"
        done = run("simulate", "--stores", 4, "--years", .5, "--seed", 3, "--out", sales, "--truth", truth, *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return sales, truth

    def test_the_same_seed_gives_the_same_file(self):
        first = run("simulate", "--stores", 2, "--years", .1, "--seed", 5).stdout
        self.assertTrue(first.startswith("store_id,date,quantity,amount,source,sequence,event_id\n"))
        self.assertGreater(len(first.splitlines()), 100)
        self.assertEqual(first, run("simulate", "--stores", 2, "--years", .1, "--seed", 5).stdout)
        self.assertNotEqual(first, run("simulate", "--stores", 2, "--years", .1, "--seed", 6).stdout)

    def test_truth_is_what_the_file_adds_up_to(self):
        sales, truth = self.simulated("--products", 2)
        sums = {}
        for row in csv.DictReader(sales.read_text().splitlines()):
            amount = round(float(row["amount"]) * 1e6)
            key = row["store_id"], row["product_id"], amount < 0
            sums[key] = sums.get(key, 0) + amount
        expected = {}
        for row in csv.DictReader(truth.read_text().splitlines()):
            for column, is_return in (("gross_amount", False), ("returns_amount", True)):
                value = int(row[column]) * (-1 if is_return else 1)
                key = row["store_id"], row["product_id"], is_return
                expected[key] = expected.get(key, 0) + value
        self.assertEqual(sums, {k: v for k, v in expected.items() if v or k in sums})

    def test_a_file_reaches_the_worker_and_counts_once_however_often_it_is_sent(self):
        sales, truth = self.simulated()
        self.start_broker()
        self.start_worker()
        for _ in range(2):
            done = run("replay", sales, *self.state)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("sent and read, in 2 partitions", done.stdout)
            self.assertEqual(done.stderr, "")
        self.stop_worker()
        last = list(csv.DictReader(truth.read_text().splitlines()))[-1]  # of the last store
        shown = run("state", "show", last["store_id"], *self.state)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        value = int(last["gross_amount"]) / 1e6
        self.assertIn(f"{value:.2f}".rstrip("0").rstrip("."), shown.stdout.replace(",", ""))

    def test_simulated_sales_go_straight_to_the_broker(self):
        self.start_broker()
        self.start_worker()
        address = (self.folder / "state" / "broker").read_text().strip()
        done = run("simulate", "--stores", 3, "--years", .2, "--duplicates", .2, "--broker", address, *self.state)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("records sent and read", done.stderr)

    def cells(self, *series):
        shown = run("state", "cells", *series, *self.state)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        return list(csv.DictReader(shown.stdout.splitlines()))

    def test_cells_are_the_truth_to_the_micro_unit(self):
        self.start_broker()
        self.start_worker()
        address = (self.folder / "state" / "broker").read_text().strip()
        truth = self.folder / "truth.csv"
        done = run("simulate", "--stores", 3, "--products", 4, "--years", .4, "--returns", .1, "--duplicates", .1, "--late", .05,
                   "--broker", address, "--truth", truth, *self.state)
        self.assertEqual(done.returncode, 0, done.stderr)
        sums = ("gross_quantity", "returns_quantity", "gross_amount", "returns_amount")
        key = lambda row: (row["store_id"], row["product_id"], row["period_end"])
        expected = {key(row): tuple(int(row[name]) for name in sums) for row in csv.DictReader(truth.read_text().splitlines())}
        cells = self.cells()  # beside the running worker
        found = {key(row): tuple(int(row[name]) for name in sums) for row in cells if row["product_id"]}
        self.assertEqual({k: v for k, v in expected.items() if any(v)}, {k: v for k, v in found.items() if any(v)})
        stores = {}
        for (store, _, end), values in expected.items():
            stores[store, "", end] = tuple(map(sum, zip(values, stores.get((store, "", end), (0,) * 4))))
        self.assertEqual(stores, {key(row): tuple(int(row[name]) for name in sums) for row in cells if not row["product_id"]})
        self.assertEqual([row for row in cells if key(row)[:2] == ("s02", "p003")], self.cells("s02/p003"))
        self.stop_worker()

    def test_without_a_reader_it_waits_and_ctrl_c_ends_it(self):
        sales, _ = self.simulated()
        self.start_broker()
        p = subprocess.Popen([PROGRAM, "replay", str(sales), *self.state], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(1)
        self.assertIsNone(p.poll())
        p.send_signal(signal.SIGINT)
        self.assertEqual(p.wait(timeout=10), 130)

    def test_errors_say_what_to_do(self):
        done = run("replay", "/nonexistent.csv", *self.state)
        self.assertEqual(done.returncode, 74)
        self.assertIn("/nonexistent.csv", done.stderr)
        sales, _ = self.simulated()
        done = run("replay", sales, *self.state)
        self.assertEqual(done.returncode, 69)
        self.assertIn("--broker", done.stderr)
        done = run("simulate", "--shift", "9,1,2", "--stores", 3)
        self.assertEqual(done.returncode, 64)
        self.assertIn("--shift 9,1,2", done.stderr)


if __name__ == "__main__":
    if not PROGRAM:
        print("skipped: STORECAST_BIN is not set")
        sys.exit(77)
    unittest.main()
