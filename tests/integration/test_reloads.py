#!/usr/bin/env python3
"""A worker that reads its options a hundred times keeps its memory and its file descriptors, and frees all at its end.

scripts/dev.sh valgrind runs the same with the worker under valgrind: STORECAST_WRAPPER holds the command to put before it."""
import csv
import os
import pathlib
import shlex
import signal
import unittest

import stream

WRAPPER = shlex.split(os.environ.get("STORECAST_WRAPPER", ""))
RELOADS = 100


def reload(s, options, times):
    for i in range(times):
        before = s.log.read_text().count("config_reloaded")
        options.write_text(f"log.level={'debug' if i % 2 else 'info'}\n")
        s.worker.send_signal(signal.SIGHUP)
        stream.until(lambda: s.worker.poll() is not None or s.log.read_text().count("config_reloaded") > before, f"reload {i + 1} of {times}")


def descriptors(s):
    return len(os.listdir(f"/proc/{s.worker.pid}/fd"))


def resident_kib(s):
    lines = pathlib.Path(f"/proc/{s.worker.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


class Reloads(unittest.TestCase):
    def test_a_hundred_reloads_leave_nothing_behind(self):
        stream.keep_freed_memory(0)
        with stream.Stream(2) as s:
            sales, truth, options = s.path / "sales.csv", s.path / "truth.csv", s.path / "worker.properties"
            stream.run("simulate", "--stores", 2, "--years", .5, "--seed", 7, "--out", sales, "--truth", truth)
            last_day = max(row["period_end"] for row in csv.DictReader(truth.read_text().splitlines()))
            options.write_text("")
            s.start_worker("--config", options, wrapper=WRAPPER)
            s.wait_running()
            forecasts = s.follow("forecasts")
            s.replay(sales)
            s.wait_forecasts(forecasts, 2, last_day)
            reload(s, options, 5)
            first_descriptors, first_kib = descriptors(s), resident_kib(s)
            reload(s, options, RELOADS - 5)
            self.assertEqual(descriptors(s), first_descriptors)
            if not WRAPPER:
                self.assertLess(resident_kib(s) - first_kib, 1024)
            s.stop_worker()


if __name__ == "__main__":
    unittest.main()
