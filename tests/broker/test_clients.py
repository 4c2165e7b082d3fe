"""simulate, replay and tail against a real Kafka: everything arrives once, nobody waits unasked, holes are no losses."""
import collections
import json
import subprocess
import tempfile
import pathlib
import unittest

from cluster import Cluster, Corner, PROGRAM, die_with_parent, transact, until


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


class Clients(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def corner(self, partitions=3, servers=None):
        corner = Corner(servers)
        corner.storecast(f"topics create --partitions {partitions}")
        return corner

    def start(self, corner, *arguments):
        """In the background; its output is in a file."""
        log = open(self.folder / "out", "w")
        child = subprocess.Popen([PROGRAM, *map(str, arguments), *corner.options], stdout=log, stderr=log, preexec_fn=die_with_parent)
        log.close()
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        return child

    def test_without_a_worker_a_file_is_sent_and_read_back(self):
        corner = self.corner()
        sales = self.folder / "sales.csv"
        corner.storecast("simulate --stores 5 --years .5 --seed 3", "--out", sales)
        sent = len(sales.read_text().splitlines()) - 1
        self.assertIn(f"{sent + 3} records of {sales} sent, in 3 partitions", corner.storecast("replay", sales).stdout)
        read = rows(corner.storecast("tail sales-updates").stdout)
        self.assertEqual(len(read), sent + 3)
        by_partition = collections.defaultdict(list)
        for row in read:
            by_partition[row["partition"]].append(row["offset"])
        for offsets in by_partition.values():
            self.assertEqual(offsets, list(range(len(offsets))))

    def test_wait_ends_when_the_group_has_read(self):
        corner = self.corner(partitions=2)
        waiting = self.start(corner, *"simulate --stores 2 --years .1 --seed 3 --send --wait".split())
        until(lambda: "Complete" in corner.storecast("tail sales-updates").stdout, "the last records")
        self.assertIsNone(waiting.poll())
        # kcat reads in that group, and commits at the end of all partitions
        subprocess.run(["kcat", "-b", corner.servers, "-G", corner.group, corner.topic("sales-updates"), "-e", "-q", "-X", "auto.offset.reset=earliest",
                        "-X", "session.timeout.ms=6000"], check=True, capture_output=True, timeout=120)
        self.assertEqual(waiting.wait(timeout=120), 0)
        self.assertIn("sent and read", (self.folder / "out").read_text())

    def test_tail_shows_what_is_committed_and_takes_markers_for_no_loss(self):
        corner = self.corner(partitions=1)
        topic = corner.topic("dead-letters")
        for i in range(3):
            transact(corner.servers, topic, 0, f"{corner.group}-{i}", "commit", 2)
            transact(corner.servers, topic, 0, f"{corner.group}-aborted-{i}", "abort", 2)
        read = rows(corner.storecast("tail dead-letters").stdout)
        self.assertEqual([row["key"] for row in read], [f"{corner.group}-{i}-{n}" for i in range(3) for n in range(2)])
        self.assertNotEqual([row["offset"] for row in read], list(range(6)))
        holder = transact(corner.servers, topic, 0, f"{corner.group}-open", "hold", 2)
        self.assertEqual(len(rows(corner.storecast("tail dead-letters").stdout)), 6)
        holder.kill()
        holder.wait()

    def test_nothing_is_lost_or_doubled_when_the_broker_is_killed_while_sending(self):
        with Cluster() as cluster:
            corner = self.corner(servers=cluster.servers)
            sending = self.start(corner, *"simulate --stores 40 --years 2 --seed 5 --send --rate 8000".split())
            for wanted in (5000, 20000):
                until(lambda: self.records(corner) > wanted, f"{wanted} records")
                self.assertIsNone(sending.poll())
                cluster.kill()
                cluster.start()
            self.assertEqual(sending.wait(timeout=300), 0, (self.folder / "out").read_text())
            read = rows(corner.storecast("tail sales-updates").stdout)
            sent = int((self.folder / "out").read_text().split(" records sent")[0].split()[-1])
            self.assertEqual(len(read), sent)
            seen = collections.Counter(row["value"]["event_id"] + str(row["partition"]) for row in read)
            repeated = sum(n - 1 for n in seen.values())
            # (a till repeats itself by design; the same seed in a file tells how often)
            whole = self.folder / "whole.csv"
            corner.storecast("simulate --stores 40 --years 2 --seed 5", "--out", whole)
            ids = collections.Counter(line.rsplit(",", 1)[1] for line in whole.read_text().splitlines()[1:])
            self.assertEqual(repeated, sum(n - 1 for n in ids.values()))

    def records(self, corner):
        ends = subprocess.run(["kcat", "-b", corner.servers, "-Q", *(f"-t{corner.topic('sales-updates')}:{p}:-1" for p in range(3))], capture_output=True,
                              text=True).stdout
        return sum(int(line.split(" offset ")[1]) for line in ends.splitlines() if " offset " in line)


if __name__ == "__main__":
    unittest.main()
