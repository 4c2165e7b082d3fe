#!/usr/bin/env python3
"""A worker that is stopped inside a transaction and comes back when others have gone on without it: nothing of it counts."""
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
from cluster import Corner
from stream import run, until
from workers import Crowd, settled_differences

# One partition, so that who owns it owns everything.
OPTIONS = ("-X", "kafka.session.timeout.ms=6000", "-X", "kafka.heartbeat.interval.ms=1000")
RESTART = 70


class Zombies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="storecast-test-")
        cls.first, cls.second = (pathlib.Path(cls.folder.name) / name for name in ("first.csv", "second.csv"))
        sales = pathlib.Path(cls.folder.name) / "sales.csv"
        run("simulate", "--stores", "4", "--years", ".4", "--out", sales)
        header, *rows = sales.read_text().splitlines(True)
        rows.sort(key=lambda row: re.search(r"\d{4}-\d\d-\d\d", row)[0])
        middle = len(rows) // 2
        cls.first.write_text("".join([header, *rows[:middle]]))
        cls.second.write_text("".join([header, *rows[middle:]]))
        with Crowd(cls.corner(), *OPTIONS) as crowd:
            crowd.add()
            cls.feed(crowd, cls.first)
            cls.feed(crowd, cls.second)
            crowd.stop()
            cls.expected = crowd.outputs()
        assert len(cls.expected["forecasts"]) > 50

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @staticmethod
    def corner():
        corner = Corner()
        corner.storecast("topics create", "--partitions", 1)
        return corner

    @staticmethod
    def feed(crowd, sales):
        replay = crowd.replay(sales, "--wait", "--open")
        if replay.wait(timeout=120) != 0:
            raise AssertionError((crowd.path / "replay.log").read_text()[-500:])

    def stopped_in_a_transaction(self, crowd, how, *options):
        """Somebody who has read the first half from its predecessor, and stops when all of its first batch of the second half is delivered.
        Returns the predecessor, whose local state is that of the group, and the zombie."""
        before = crowd.add("before")
        self.feed(crowd, self.first)
        self.assertEqual(before.end(), 0)
        zombie = crowd.add("zombie", {"STORECAST_CRASH_AT": f"after_delivery:1:{how}"}, options)
        until(lambda: "worker_running" in zombie.text(), "the zombie to run")
        sending = crowd.replay(self.second, "--open")
        until(lambda: zombie.is_stopped, "the zombie to stop")
        self.assertEqual(sending.wait(timeout=120), 0)
        return before, zombie

    @staticmethod
    def is_hidden(corner):
        """An open transaction hides records of the changelog."""
        ends = [subprocess.run(["kcat", "-b", corner.servers, "-Q", "-t", f"{corner.topic('state')}:0:-1", "-X", f"isolation.level={level}"],
                               capture_output=True, text=True, check=True).stdout for level in ("read_committed", "read_uncommitted")]
        stable, last = (int(text.split(" offset ")[1]) for text in ends)
        return stable < last

    @staticmethod
    def has_committed(worker, starts):
        return worker.text().count("worker_running") == starts and worker.metric("storecast_batches_total") > 0

    def test_one_that_hides_what_its_successor_has_committed_is_waited_for(self):
        corner = self.corner()
        with Crowd(corner, "-X", "kafka.session.timeout.ms=6000", "-X", "kafka.heartbeat.interval.ms=1000", "-X", "batch.max.ms=3000") as crowd:
            before, zombie = self.stopped_in_a_transaction(crowd, "stop", "-X", "instance.id=zombie", "-X", "kafka.transaction.timeout.ms=600000")
            before.start()
            until(lambda: self.has_committed(before, 2), "the successor to go on")
            self.assertEqual(before.end(signal.SIGKILL), -signal.SIGKILL)
            self.assertTrue(self.is_hidden(corner))

            third = crowd.add("third")
            until(lambda: third.metric("storecast_restore_records_total") > 0, "the third to restore what it sees")
            self.assertTrue(self.is_hidden(corner))
            self.assertEqual((third.text().count("partitions_given"), third.text().count("worker_running")), (1, 0))

            # Whoever is started in its place ends the transaction; else Kafka does it, after kafka.transaction.timeout.ms.
            crowd.add("replacement", options=("-X", "instance.id=zombie"))
            until(lambda: "worker_running" in third.text(), "the third to go on")
            zombie.process.send_signal(signal.SIGCONT)
            self.assertEqual(zombie.process.wait(timeout=60), RESTART)
            self.assertRegex(zombie.text().splitlines()[-1], "^storecast: .*(fenced|FENCED)")
            crowd.stop()
            self.assertEqual(settled_differences(crowd, self.expected), (0, 0, 0))
            self.compare_readers(corner)

    def compare_readers(self, corner):
        """Who keeps the greatest issue of a key has the same table, whether or not its reader sees what was aborted."""
        committed, everything = (read_results(corner, level) for level in ("read_committed", "read_uncommitted"))
        self.assertGreater(len(everything), len(committed), "nothing was aborted in the forecasts")
        self.assertEqual(greatest(everything), greatest(committed))

    def test_thrown_out_of_the_group_it_commits_nothing(self):
        """The broker takes it for dead, it learns of that by its next heartbeat, and then comes to its commit."""
        corner = self.corner()
        with Crowd(corner, "-X", "kafka.session.timeout.ms=30000", "-X", "kafka.heartbeat.interval.ms=500") as crowd:
            before, zombie = self.stopped_in_a_transaction(crowd, "stop:5")
            members = corner.tool("groups", "--describe", "--group", corner.group, "--members")
            leave_group(corner, re.search(rf"^{corner.group} +(\S+)", members, re.M)[1])
            before.start()
            until(lambda: self.has_committed(before, 2), "the successor to go on")
            self.assertTrue(self.is_hidden(corner))
            zombie.process.send_signal(signal.SIGCONT)
            until(lambda: not self.is_hidden(corner), "the zombie's transaction to end", 90)
            crowd.stop()
            self.assertEqual(settled_differences(crowd, self.expected), (0, 0, 0))


def read_results(corner, level):
    """Key, issue and bytes of every ForecastResult, as a reader of that isolation.level sees them."""
    data = subprocess.run(["kcat", "-b", corner.servers, "-C", "-t", corner.topic("forecasts"), "-p", "0", "-o", "0", "-e", "-q", "-D", "", "-f", "%K %S %k%s",
                           "-X", f"isolation.level={level}"], capture_output=True, check=True, timeout=120).stdout
    found, at = [], 0
    while at < len(data):
        key_size, size, rest = data[at:at + 40].split(b" ", 2)
        at += len(key_size) + len(size) + 2
        key, value = data[at:at + int(key_size)], data[at + int(key_size):at + int(key_size) + int(size)]
        at += len(key) + len(value)
        if not key.startswith(b"\0"):
            found.append((key, issue(value), value))
    return found


def issue(result):
    """Of a ForecastResult: behind the header come request id, store, product, category and level."""
    at = 5

    def number():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = result[at]
            at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value >> 1 ^ -(value & 1)
    for is_optional in (True, False, True, True):
        if not is_optional or number():
            size = number()
            at += size
    number()
    return number()


def greatest(results):
    table = {}
    for key, number, value in results:
        if key not in table or number > table[key][0]:
            table[key] = (number, value)
    return table


def leave_group(corner, member):
    """Kafka's LeaveGroup in another's name, as the broker itself does with a member that it takes for dead."""
    def text(value):
        return struct.pack(">h", len(value)) + value.encode()
    host, port = corner.servers.split(",")[0].split(":")
    request = struct.pack(">hhi", 13, 0, 1) + text("test") + text(corner.group) + text(member)
    with socket.create_connection((host, int(port))) as broker:
        broker.sendall(struct.pack(">i", len(request)) + request)
        size, _, error = struct.unpack(">iih", broker.recv(10))
    if (size, error) != (6, 0):
        raise AssertionError(f"LeaveGroup of {member}: error {error}")


if __name__ == "__main__":
    unittest.main()
