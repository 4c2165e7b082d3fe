#!/usr/bin/env python3
"""Workers die, come and go, and every record is there once, equal to that of a run in which nothing happened."""
import os
import pathlib
import random
import signal
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
from cluster import Corner
from stream import run, until
from workers import Crowd, settled_differences

PARTITIONS = 3
OPTIONS = ("-X", "batch.max.records=200", "-X", "close.chunk.series=2", "-X", "kafka.session.timeout.ms=6000", "-X", "kafka.transaction.timeout.ms=10000")
CRASHES = ("in_close", "after_produce", "before_delivery", "after_delivery", "after_commit", "in_lmdb", "after_lmdb")
RESTARTED = {70, 75}


class ExactlyOnce(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="storecast-test-")
        cls.sales = pathlib.Path(cls.folder.name) / "sales.csv"
        run("simulate", "--stores", "9", "--years", ".6", "--out", cls.sales)
        with Crowd(cls.corner(), *OPTIONS) as crowd:
            crowd.add()
            cls.wait_replay(crowd, crowd.replay(cls.sales, "--wait"))
            crowd.stop()
            cls.expected = crowd.outputs()
        assert len(cls.expected["forecasts"]) > 200

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @staticmethod
    def corner():
        corner = Corner()
        corner.storecast("topics create", "--partitions", PARTITIONS)
        return corner

    @staticmethod
    def wait_replay(crowd, replay, turn=lambda: None, seconds=120):
        def look():
            turn()
            return replay.poll() is not None
        until(look, "the replay", seconds)
        if replay.returncode != 0:
            raise AssertionError(f"replay: {(crowd.path / 'replay.log').read_text()[-500:]}")

    def check(self, crowd, what):
        crowd.stop()
        self.assertEqual(settled_differences(crowd, self.expected), (0, 0, 0), what)

    def test_a_worker_that_dies_at_any_place_loses_and_doubles_nothing(self):
        for place in CRASHES:
            with self.subTest(place), Crowd(self.corner(), *OPTIONS) as crowd:
                worker = crowd.add(environment={"STORECAST_CRASH_AT": f"{place}:3"})
                self.wait_replay(crowd, crowd.replay(self.sales, "--wait"), crowd.revive)
                self.check(crowd, place)
                self.assertEqual(worker.starts, 2)

    def test_workers_that_are_killed_join_and_leave(self):
        """Three with names, which are killed and come back; one without, which joins and leaves and makes the group share anew."""
        chance = random.Random(7)
        with Crowd(self.corner(), *OPTIONS) as crowd:
            named = [crowd.add(options=("-X", f"instance.id=w{i}")) for i in (1, 2, 3)]
            replay = crowd.replay(self.sales, "--wait", "--rate", 150)
            guest, due, kills, visits = crowd.add(), time.monotonic() + 2, 0, 0

            def turn():
                nonlocal due, kills, visits
                crowd.revive()
                if time.monotonic() < due:
                    return
                due = time.monotonic() + .5 + 2 * chance.random()
                if chance.random() < .7:
                    chance.choice(named).process.kill()
                    kills += 1
                elif guest.process is not None:
                    guest.end()
                    guest.process = None
                    visits += 1
                else:
                    guest.start()
            self.wait_replay(crowd, replay, turn)
            self.assertGreater(min(kills, visits * 5), 4)
            self.check(crowd, f"{kills} kills, {visits} visits")
            for worker in crowd.workers:
                # (SIGTERM: it had not come as far as catching it)
                self.assertLessEqual(set(worker.codes), {0, -signal.SIGKILL, -signal.SIGTERM} | RESTARTED, worker.text()[-2000:])

    def test_without_its_state_directory_a_worker_goes_on_from_the_changelog(self):
        with Crowd(self.corner(), *OPTIONS) as crowd:
            first = crowd.add()
            replay = crowd.replay(self.sales, "--wait", "--rate", 400)
            time.sleep(3)
            first.end(signal.SIGKILL)
            first.process = None
            crowd.add()
            self.wait_replay(crowd, replay)
            self.check(crowd, "another state directory")


if __name__ == "__main__":
    unittest.main()
