#!/usr/bin/env python3
"""Who comes and goes in the workers' group, and what the others notice of it."""
import pathlib
import re
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
from cluster import Corner, transact
from stream import run, until
from workers import Crowd, settled_differences


class Groups(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="storecast-test-")
        cls.sales = pathlib.Path(cls.folder.name) / "sales.csv"
        run("simulate", "--stores", "6", "--years", ".3", "--out", cls.sales)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @staticmethod
    def corner(partitions):
        corner = Corner()
        corner.storecast("topics create", "--partitions", partitions)
        return corner

    def feed(self, crowd):
        replay = crowd.replay(self.sales, "--wait")
        self.assertEqual(replay.wait(timeout=120), 0, (crowd.path / "replay.log").read_text()[-500:])

    @staticmethod
    def count(worker, event):
        return worker.text().count(f" {event} ")

    @staticmethod
    def last(worker, event):
        """The number of partitions in the last of them."""
        told = re.findall(rf" {event} partitions=(\d+)", worker.text())
        return int(told[-1]) if told else 0

    def rebalances(self, worker):
        return self.count(worker, "partitions_given") + self.count(worker, "partitions_taken")

    def test_a_member_with_a_name_is_restarted_and_nobody_else_notices(self):
        with Crowd(self.corner(3)) as crowd:
            first, second, third = (crowd.add(options=("-X", f"instance.id=w{i}")) for i in (1, 2, 3))
            until(lambda: all(self.last(worker, "worker_running") == 1 for worker in crowd.workers), "three workers with a partition each")
            self.feed(crowd)
            before = [self.rebalances(worker) for worker in (first, third)]
            runs = self.count(second, "worker_running")
            self.assertEqual(second.end(), 0)
            second.start()
            until(lambda: self.count(second, "worker_running") > runs, "its partition again")
            self.assertEqual(self.last(second, "worker_running"), 1)
            self.feed(crowd)
            self.assertEqual([self.rebalances(worker) for worker in (first, third)], before, first.text() + third.text())
            crowd.stop()

    def test_a_close_longer_than_the_poll_interval_does_not_lose_the_partition(self):
        options = ("-X", "kafka.session.timeout.ms=6000", "-X", "kafka.heartbeat.interval.ms=1000", "-X", "kafka.max.poll.interval.ms=6000")
        with Crowd(self.corner(1), *options) as crowd:
            worker = crowd.add(environment={"STORECAST_CRASH_AT": "in_close:1:9"})
            self.feed(crowd)
            self.assertGreater(worker.metric("storecast_close_duration_seconds_sum"), 9)
            crowd.stop()
            self.assertEqual(self.rebalances(worker), 1, worker.text())

    def test_markers_and_what_is_not_committed_are_no_lag(self):
        corner = self.corner(1)
        with Crowd(corner) as crowd:
            worker = crowd.add()
            sales = corner.topic("sales-updates")
            transact(corner.servers, sales, 0, f"{corner.group}-done", "commit", 2)
            until(lambda: worker.metric("storecast_consumed_records_total") == 2, "two records")
            until(lambda: worker.metric("storecast_consumer_lag_records") == 0, "no lag behind them")
            holder = transact(corner.servers, sales, 0, f"{corner.group}-open", "hold", 3)
            transact(corner.servers, sales, 0, f"{corner.group}-hidden", "commit", 4)
            holder.kill()
            holder.wait()
            self.assertEqual(worker.metric("storecast_consumer_lag_records"), 0)
            transact(corner.servers, sales, 0, f"{corner.group}-open", "commit", 1)  # ends the one before
            until(lambda: worker.metric("storecast_consumed_records_total") == 2 + 4 + 1, "what was hidden")
            until(lambda: worker.metric("storecast_consumer_lag_records") == 0, "no lag behind that")
            crowd.stop()

    def test_joining_and_leaving_during_a_restore_does_not_loop(self):
        """What hides the end of the changelog makes the restore last for as long as the test likes."""
        corner = self.corner(2)
        with Crowd(corner) as crowd:
            first = crowd.add()
            self.feed(crowd)
            expected = crowd.outputs()
            self.assertEqual(first.end(), 0)
            holders = [transact(corner.servers, corner.topic("state"), p, f"{corner.group}-held-{p}", "hold", 2) for p in (0, 1)]
            stayer = crowd.add()
            until(lambda: self.count(stayer, "partitions_given") == 1, "partitions")
            guests = [crowd.add() for _ in range(2)]
            until(lambda: all(self.count(w, "partitions_given") >= 1 for w in crowd.workers[1:3]), "the guest to have a share")
            for guest in guests:
                self.assertEqual(guest.end(), 0)
            until(lambda: self.last(stayer, "partitions_given") == 2, "both partitions again")
            self.assertEqual(self.count(stayer, "worker_running"), 0)
            changes = self.count(stayer, "partitions_given")
            self.assertLessEqual(changes, 1 + 2 + 2, stayer.text())  # it came, two came, two went
            for p, holder in enumerate(holders):
                holder.kill()
                holder.wait()
                transact(corner.servers, corner.topic("state"), p, f"{corner.group}-held-{p}", "abort", 1)  # ends the one before
            until(lambda: self.count(stayer, "worker_running") == 1, "the restore to end")
            self.assertEqual(self.count(stayer, "partitions_given"), changes, stayer.text())
            crowd.stop()
            self.assertEqual(settled_differences(crowd, expected), (0, 0, 0))


if __name__ == "__main__":
    unittest.main()
