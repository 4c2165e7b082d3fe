#!/usr/bin/env python3
"""A worker without its state directory reads it back from the changelog: how fast, beside a consumer that only counts, and what it tells
meanwhile. With STORECAST_RESTORE_SERIES=100000, on a machine with nothing else to do, it must be at least half as fast."""
import os
import pathlib
import re
import shutil
import sys
import tempfile
import unittest
import urllib.request

sys.dont_write_bytecode = True
from cluster import Corner, bare_reading
from stream import until
from workers import Crowd

SERIES = int(os.environ.get("STORECAST_RESTORE_SERIES", "5000"))
IS_LONG = SERIES >= 50000
PRODUCTS, PARTITIONS, RUNS = 100, 6, 3
DAYS = ("2024-01-07", "2024-01-14", "2024-01-21", "2024-01-28", "2024-02-04", "2024-02-11")
HOUR = 3600


def write_sales(path):
    """A total for each product of each store and week."""
    with open(path, "w") as file:
        file.write("store_id,product_id,date,amount\n")
        for week, day in enumerate(DAYS):
            for i in range(SERIES):
                file.write(f"s{i // PRODUCTS},p{i % PRODUCTS},{day},{100 + (i * 7 + week * 13) % 50}\n")


def metrics(worker):
    """Of the restore: sum of the records, and the progress of each partition."""
    port = re.findall(r"worker_started .* port=(\d+)", worker.text())[-1]
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60).read().decode()
    records = re.search(r"^storecast_restore_records_total (\S+)", text, re.M)
    return float(records[1]), [float(ratio) for ratio in re.findall(r"^storecast_restore_progress_ratio\{.*\} (\S+)", text, re.M)]


class Restore(unittest.TestCase):
    def test_the_state_is_read_back(self):
        corner = Corner()
        corner.storecast("topics create", "--partitions", PARTITIONS)
        with tempfile.TemporaryDirectory(prefix="storecast-test-") as folder, Crowd(corner) as crowd:
            sales = pathlib.Path(folder) / "sales.csv"
            write_sales(sales)
            worker = crowd.add()
            replay = crowd.replay(sales, "--wait", "--open")
            self.assertEqual(replay.wait(timeout=HOUR), 0, (crowd.path / "replay.log").read_text()[-500:])
            self.assertEqual(worker.end(seconds=HOUR), 0)
            ratios = [self.restore(corner, worker) for _ in range(RUNS if IS_LONG else 1)]
            if IS_LONG:
                self.assertGreaterEqual(sorted(ratios)[RUNS // 2], .5)

    def restore(self, corner, worker):
        """The rate beside the bare one, in one run."""
        count, _, bare = bare_reading(corner.servers, corner.topic("state"), PARTITIONS)
        self.assertGreater(count, 10 * SERIES)
        shutil.rmtree(worker.state)
        before, seen = len(worker.text()), []

        def look():
            text = worker.text()[before:]
            if "worker_started" in text and worker.is_alive:
                seen.append(metrics(worker))
            return "worker_running" in text or not worker.is_alive
        worker.start()
        until(look, "the worker to run", HOUR)
        records, progress = metrics(worker)
        self.assertEqual((records, progress), (count, [1] * PARTITIONS))
        for (less, _), (more, ratios) in zip(seen, seen[1:]):
            self.assertLessEqual(less, more)
            self.assertTrue(all(0 <= ratio <= 1 for ratio in ratios), ratios)
        text = worker.text()[before:]
        seconds = int(re.search(r"state_restored .*ms=(\d+)", text)[1]) / 1000
        self.assertEqual(worker.end(seconds=HOUR), 0)
        told = len(re.findall("state_restoring records=", text))
        print(f"{SERIES} series, {count} records: bare consumer {bare:.2f} s, restore {seconds:.2f} s, told {told} times, ratio {bare / seconds:.2f}",
              flush=True)
        self.assertGreaterEqual(told, int(seconds / 30))
        return bare / seconds


if __name__ == "__main__":
    unittest.main()
