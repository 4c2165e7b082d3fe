#!/usr/bin/env python3
"""The stream's numbers: equal to batch, to the byte whatever the threads, batches, time zone, CPU or crashes."""
import csv
import io
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True  # beside the sources
from stream import PROGRAM, WALMART, Sales, Stream, run, until

HORIZONS = ("1", "1-4", "1-8")
COUNTS = (2340, 9090, 17460)
ORIGINS = range(91, 143)
BELIEVED = {1: (2.758, 2.844, 2.932), 3: (2.766, 2.853, 2.943), 6: (2.777, 2.863, 2.953), 12: (2.793, 2.885, 2.976)}
FLAGGED = {1: (2.744, 2.827, 2.912), 3: (2.753, 2.837, 2.923), 6: (2.763, 2.847, 2.933), 12: (2.790, 2.882, 2.973)}
NO_AVX2 = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX512F,-FMA,-FMA4,-AVX_Usable,-AVX2_Usable,-FMA_Usable"}


def need_walmart(test):
    if not WALMART.exists():
        reason = f"{WALMART} is not here (set STORECAST_SHARED)"
        test.fail(reason) if os.environ.get("CI") == "true" else test.skipTest(reason)


class Scratch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="storecast-test-")
        cls.path = pathlib.Path(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()


class Batch(Scratch):
    """Walmart's 45 stores, as read back from the topics, against the reference and against backtest."""

    def setUp(self):
        need_walmart(self)

    def rows(self, *arguments):
        return {(r["model"], r["horizon"], r["metric"]): r for r in csv.DictReader(io.StringIO(run(*arguments, "--format", "csv")))}

    def stream_and_batch(self, partitions, outliers):
        common = ("--partitions", partitions, "-X", f"cleaning.outliers={outliers}")
        files = self.path / f"stream-{partitions}-{outliers}.csv", self.path / f"batch-{partitions}-{outliers}.csv"
        stream = self.rows("demo", "--sales", WALMART, *common, "--forecasts", files[0])
        batch = self.rows("backtest", WALMART, *common, "--forecasts", files[1])
        return stream, batch, files

    def assert_same_figures(self, stream, batch):
        for key, row in stream.items():
            self.assertEqual((row["value"], row["n"]), (batch[key]["value"], batch[key]["n"]), key)

    def forecasts(self, path):
        """Of the last 52 origins: the text before the value, and the value."""
        with open(path) as file:
            self.assertEqual(next(file), "origin,series,h,model,value\n")
            parts = (line.rpartition(",") for line in file)
            return {key: float(value) for key, _, value in parts if int(key.partition(",")[0]) >= ORIGINS[0]}

    def assert_same_forecasts(self, files):
        stream, batch = map(self.forecasts, files)
        self.assertEqual(sum(key.endswith(",ensemble") for key in batch), COUNTS[2])
        self.assertEqual({int(key.partition(",")[0]) for key in batch}, set(ORIGINS))
        self.assertTrue(batch.keys() <= stream.keys())
        far = {key: (stream[key], value) for key, value in batch.items() if not abs(stream[key] - value) <= 1e-9 * abs(value)}
        self.assertEqual(far, {})

    def assert_sound(self, rows):
        members = {model for model, _, metric in rows if metric == "mape"} - {"ensemble"}
        for horizon, n in zip(HORIZONS, COUNTS):
            self.assertEqual(int(rows["seasonal_yoy", horizon, "mape"]["n"]), n)
            best = min(float(rows[m, horizon, "mape"]["value"]) for m in members)
            self.assertLessEqual(float(rows["ensemble", horizon, "mape"]["value"]), best + .03, horizon)
            self.assertTrue(76 <= float(rows["ensemble", horizon, "coverage80"]["value"]) <= 86, horizon)
            self.assertTrue(93.5 <= float(rows["ensemble", horizon, "coverage95"]["value"]) <= 97.5, horizon)

    def check(self, partitions):
        mapes = {}
        for outliers, expected in (("false", BELIEVED), ("true", FLAGGED)):
            stream, batch, files = self.stream_and_batch(partitions, outliers)
            mapes[outliers] = [float(stream["seasonal_yoy", h, "mape"]["value"]) for h in HORIZONS]
            for horizon, got, mape in zip(HORIZONS, mapes[outliers], expected[partitions]):
                self.assertAlmostEqual(got, mape, delta=.001, msg=f"h {horizon}, outliers {outliers}")
            self.assert_sound(stream)
            self.assert_same_figures(stream, batch)
            self.assert_same_forecasts(files)
        for flagged, believed in zip(mapes["true"], mapes["false"]):
            self.assertLessEqual(flagged, believed + .005)

    def test_one_partition_equals_batch_and_the_reference(self):
        self.check(1)

    def test_three_partitions_equal_batch_and_the_reference(self):
        self.check(3)

    def test_six_partitions_equal_batch_and_the_reference(self):
        self.check(6)

    def test_twelve_partitions_equal_batch_and_the_reference(self):
        self.check(12)


class Bytes(Scratch):
    """The same sales give the same bytes. Real sales where they are, else simulated ones."""
    PARTITIONS = 6

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        path = WALMART
        if not path.exists():
            path = cls.path / "simulated.csv"
            run("simulate", "--stores", "12", "--years", "1.2", "--out", path)
        cls.sales = Sales(path)
        cls.cuts = {weeks: cls.sales.write(cls.path / f"{weeks}.csv", weeks) for weeks in (20, 40, 60)}
        cls.rest = cls.sales.write(cls.path / "rest.csv", 60, begin=40)
        cls.base = {}

    def stream(self, *options, environment=None):
        return Stream(self.PARTITIONS, f"period.week_end={self.sales.week_end}", *options, environment=environment)

    def published(self, path, weeks, *options, environment=None):
        with self.stream(*options, environment=environment) as s:
            forecasts = s.follow("forecasts")
            s.start_worker()
            s.replay(path)
            messages = s.wait_forecasts(forecasts, len(self.sales.stores), self.sales.last_day(weeks))
            found = messages.distinct()
            s.stop_worker()
            return found, s.state()

    def expected(self, weeks):
        if weeks not in self.base:
            self.base[weeks] = self.published(self.cuts[weeks], weeks, environment={"TZ": "UTC"})
            self.assertGreaterEqual(len(self.base[weeks][0]), len(self.sales.stores) * (weeks - 1))
        return self.base[weeks]

    def assert_same(self, weeks, *options, environment=None):
        expected, state = self.expected(weeks)
        found, found_state = self.published(self.cuts[weeks], weeks, *options, environment=environment)
        self.assertEqual(expected.keys(), found.keys())
        for identity, text in expected.items():
            self.assertEqual(text, found[identity])
        self.assertEqual(state, found_state)

    def test_a_cent_more_would_be_seen(self):
        store = sorted(self.sales.stores)[0]
        value = min(float(row[self.sales.value_at]) for row in self.sales.rows if row[self.sales.store_at] == store)
        path = self.sales.write(self.path / "cent.csv", 20, scale=lambda s, week: 1 + .01 / value if s == store and week == 10 else 1)
        expected, _ = self.expected(20)
        found, _ = self.published(path, 20)
        differ = [identity for identity in expected if expected[identity] != found[identity]]
        self.assertIn((store, 20), differ)  # key and issue
        self.assertNotIn((store, 10), differ)

    def test_one_thread_west_of_greenwich(self):
        self.assert_same(60, "compute.threads=1", environment={"TZ": "America/Lima"})

    def test_four_threads_east_of_greenwich(self):
        self.assert_same(60, "compute.threads=4", environment={"TZ": "Asia/Tokyo"})

    def test_batches_of_seven(self):
        self.assert_same(60, "batch.max.records=7")

    def test_batches_of_one(self):
        self.assert_same(20, "batch.max.records=1")

    def test_a_cpu_without_avx2_and_fma(self):
        self.assert_same(20, environment=NO_AVX2)

    # ---- crashes

    REQUESTS = (("r1", 1, ()), ("r8", 8, ("best",)), ("r52", 52, ("seasonal_naive",)), ("r150", 150, ()), ("r0", 0, ()))

    def ask(self, s, chaos):
        """Every request when the worker knows 40 weeks: a reply depends on the sales before it."""
        stores = sorted(self.sales.stores)
        for i, (name, horizon, models) in enumerate(self.REQUESTS):
            s.request(name, stores[i], horizon, models)
            if i == 2:
                chaos()
        s.request("nobody", "no-such-store", 8)
        names = {name for name, _, _ in self.REQUESTS} | {"nobody"}
        until(lambda: {m.value["request_id"] for m in s.read("forecast-replies")} == names, "the replies")

    def outcome(self, seconds, chaos):
        """All there is after 40 weeks, requests, and 20 weeks more, sent over so many seconds each. chaos may do harm at three moments."""
        with self.stream() as s:
            forecasts = s.follow("forecasts")
            s.start_worker()
            first = s.start_replay(self.cuts[40], "--open", *self.pace(self.cuts[40], seconds))
            chaos(s, "replay", first)
            s.wait_replay(first)
            self.ask(s, lambda: chaos(s, "requests", None))
            second = s.start_replay(self.rest, *self.pace(self.rest, seconds))
            chaos(s, "replay", second)
            s.wait_replay(second)
            messages = s.wait_forecasts(forecasts, len(self.sales.stores), self.sales.last_day(60))
            found = {"forecasts": messages.distinct(), "last forecasts": messages.last(),
                     "alerts": s.read("drift-alerts").distinct(), "replies": s.read("forecast-replies").distinct(),
                     "dead letters": len(run("tail", "dead-letters", "--broker", s.address))}
            s.stop_worker()
            found["states"] = [s.state()] + [s.state(store) for store in sorted(self.sales.stores)]
            return found

    def pace(self, path, seconds):
        return ("--rate", path.read_bytes().count(b"\n") / seconds) if seconds else ()

    @unittest.skipUnless(shutil.which("kcat"), "kcat is not installed (scripts/install-deps)")
    def test_five_kills_change_nothing_that_a_reader_sees(self):
        seed = int(os.environ.get("STORECAST_SEED") or time.time())
        dice, kills = random.Random(seed), []

        def kill(s, moment, replay):
            for _ in range(2 if replay else 1):
                if dice.random() < .8:  # else while it starts
                    s.wait_running()
                time.sleep(dice.uniform(0, .4))
                kills.append(moment if not replay or replay.poll() is None else "late")
                s.kill_worker()
                s.start_worker()

        expected = self.outcome(0, lambda *_: None)
        found = self.outcome(2, kill)
        self.assertEqual(len(kills), 5)
        self.assertLessEqual(kills.count("late"), 2, f"the kills came too late, seed {seed}")
        for what, value in expected.items():
            self.assertEqual(value, found[what], f"{what}, seed {seed}")


class Drift(Scratch):
    """Store 7 loses 30 % from week 110 on."""
    STORE, WEEK = "7", 110

    def setUp(self):
        need_walmart(self)

    def alerts(self, path, rate, on_firing):
        with Stream(3, "period.week_end=friday") as s:
            alerts = s.follow("drift-alerts")
            s.start_worker()
            replay = s.start_replay(path, "--rate", rate)
            on_firing(s, replay, alerts)
            s.wait_replay(replay)
            return s.read("drift-alerts")

    def of_store(self, messages):
        return [m for m in messages if m.value["store"] == self.STORE]

    def test_a_shift_fires_once_and_resolves_once_also_through_a_crash(self):
        sales = Sales(WALMART)
        path = sales.write(self.path / "shifted.csv", scale=lambda store, week: .7 if store == self.STORE and week >= self.WEEK else 1)
        clean = self.alerts(path, 0, lambda *_: None)
        self.check_pair(self.of_store(clean), sales)

        def kill(s, replay, alerts):
            until(lambda: self.of_store(alerts.read()), "the alert")
            self.assertIsNone(replay.poll())
            s.kill_worker()
            self.assertEqual([m.value["state"] for m in self.of_store(s.read("drift-alerts"))][:1], ["FIRING"])
            s.start_worker()

        crashed = self.alerts(path, 2500, kill)
        self.assertEqual(clean.distinct(), crashed.distinct())

    def check_pair(self, messages, sales):
        firing, resolved = (m.value for m in messages)  # exactly two
        self.assertEqual((firing["state"], resolved["state"]), ("FIRING", "RESOLVED"))
        since = firing["since"]
        self.assertIn(since, [sales.last_day(week + 1) for week in range(self.WEEK, self.WEEK + 7)])
        self.assertEqual((firing["period"], resolved["since"]), (since, since))
        self.assertIn(resolved["period"], [sales.last_day(week + 1) for week in range(self.WEEK + 5, self.WEEK + 25)])
        self.assertGreaterEqual(firing["value"], firing["threshold"])
        self.assertLess(resolved["value"], resolved["threshold"])
        self.assertTrue(set(firing["causes"]) & {"BIAS", "JUMP"}, firing["causes"])
        self.assertIn("recovered", resolved["causes"])
        self.assertLess(firing["bias"], 0)
        for alert in firing, resolved:
            self.assertEqual((alert["kind"], alert["model"]), ("DRIFT", "ensemble"))
            self.assertTrue(alert["best_model"] and alert["sentence"])


if __name__ == "__main__":
    if not PROGRAM:
        print("skipped: STORECAST_BIN is not set")
        sys.exit(77)
    result = unittest.main(exit=False).result
    for test, reason in result.skipped:
        print(f"SKIPPED {test}: {reason}")
    sys.exit(1 if not result.wasSuccessful() else 77 if result.skipped else 0)
