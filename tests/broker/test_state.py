#!/usr/bin/env python3
"""Local state that is gone, damaged, old, newer or somebody else's, a changelog that was compacted, and offsets that were moved: rebuilt
or refused with a sentence, and never wrong numbers."""
import datetime
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
from cluster import BUILD, Corner, bare_reading, storecast, transact
from stream import run, until
from workers import Crowd, settled_differences

PARTITIONS = 2
OPTIONS = ("-X", "kafka.session.timeout.ms=6000")
DATA, CONFIG = 65, 78
# Compaction within seconds, and deletions forgotten as soon.
EAGER = "segment.ms=500,min.cleanable.dirty.ratio=0.01,max.compaction.lag.ms=500,delete.retention.ms=1000"
FORGETFUL = ("-X", "history.periods=16", "-X", "batch.max.records=50")  # deletions


def records_of(worker):
    """Every state record: key and value."""
    done = subprocess.run([BUILD / "tests" / "broker_dump_state", worker.state], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return dict(line.split(" ") for line in done.stdout.splitlines())


def change_directory(worker, how):
    """What a state directory says of itself."""
    subprocess.run([BUILD / "tests" / "broker_dump_state", worker.state, how], check=True, timeout=60)


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


class State(unittest.TestCase):
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
            cls.state = cls.shown(crowd.workers[0])
        assert len(cls.expected["forecasts"]) > 50

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @staticmethod
    def corner():
        corner = Corner()
        corner.storecast("topics create", "--partitions", PARTITIONS)
        return corner

    @staticmethod
    def feed(crowd, sales):
        replay = crowd.replay(sales, "--wait", "--open")
        if replay.wait(timeout=120) != 0:
            raise AssertionError((crowd.path / "replay.log").read_text()[-500:])

    @staticmethod
    def shown(worker):
        text = storecast("state", "show", "--state-dir", worker.state).stdout
        return re.sub(r", batch \d+$", "", text, flags=re.MULTILINE)

    def half_way(self, crowd):
        worker = crowd.add()
        self.feed(crowd, self.first)
        self.assertEqual(worker.end(), 0)
        return worker

    def finish(self, crowd, worker):
        worker.start()
        self.feed(crowd, self.second)
        crowd.stop()
        self.assertEqual(settled_differences(crowd, self.expected), (0, 0, 0))
        self.assertEqual(self.shown(worker), self.state)

    def refused(self, worker, code, sentence, options=()):
        worker.options = (*worker.options, *options)
        worker.start()
        self.assertEqual(worker.process.wait(timeout=60), code, worker.text()[-1500:])
        self.assertRegex(worker.text().splitlines()[-1], sentence)

    def test_a_state_directory_that_is_gone_is_rebuilt(self):
        with Crowd(self.corner(), *OPTIONS) as crowd:
            worker = self.half_way(crowd)
            shutil.rmtree(worker.state)
            self.finish(crowd, worker)

    def test_a_state_directory_that_is_older_catches_up(self):
        with Crowd(self.corner(), *OPTIONS) as crowd:
            worker = self.half_way(crowd)
            old = crowd.path / "old"
            shutil.copytree(worker.state, old)
            worker.start()
            self.feed(crowd, self.second)
            self.assertEqual(worker.end(signal.SIGKILL), -signal.SIGKILL)
            shutil.rmtree(worker.state)
            old.rename(worker.state)
            worker.start()
            until(lambda: worker.text().count("worker_running") == 3, "the worker to run")
            crowd.stop()
            self.assertEqual(settled_differences(crowd, self.expected), (0, 0, 0))
            self.assertEqual(self.shown(worker), self.state)

    def weeks(self, name, begin, end):
        """A file of totals, which are forgotten 16 weeks later."""
        path = pathlib.Path(self.folder.name) / f"{name}.csv"
        days = [datetime.date(2023, 1, 1) + datetime.timedelta(7 * week) for week in range(begin, end)]
        path.write_text("store_id,date,amount\n" + "".join(f"s{store},{day},{100 + store}\n" for day in days for store in range(10)))
        return path

    def compact(self, corner):
        """Until nothing in the changelog is superseded or a deletion: something must be appended for that, which is aborted here. What is
        left behind are markers."""
        def look():
            for partition in range(PARTITIONS):
                transact(corner.servers, corner.topic("state"), partition, f"{corner.group}-nobody-{partition}", "abort", 1)
            time.sleep(.6)
            return bare_reading(corner.servers, corner.topic("state"), PARTITIONS)[1] == 0
        until(look, "the changelog to be compacted", 120)
        return bare_reading(corner.servers, corner.topic("state"), PARTITIONS)[0]

    def restored(self, worker):
        running = worker.text().count("worker_running")
        worker.start()
        until(lambda: worker.text().count("worker_running") > running or not worker.is_alive, "the worker to run")
        self.assertEqual(worker.end(), 0, worker.text()[-1500:])
        return records_of(worker)

    def test_after_compaction_a_restore_gives_the_same_bytes_and_what_is_gone_stays_gone(self):
        corner = self.corner()
        corner.tool("configs", "--alter", "--entity-type", "topics", "--entity-name", corner.topic("state"), "--add-config", EAGER)
        with Crowd(corner, *OPTIONS, *FORGETFUL) as crowd:
            worker = crowd.add()
            self.feed(crowd, self.weeks("early", 0, 30))
            self.assertEqual(worker.end(), 0)
            was, written = records_of(worker), bare_reading(corner.servers, corner.topic("state"), PARTITIONS)
            self.assertGreater(written[1], 100)  # deletions
            self.assertLess(self.compact(corner), written[0] - written[1])
            old = crowd.path / "old"
            worker.state.rename(old)
            self.assertEqual(self.restored(worker), was)
            worker.start()
            self.feed(crowd, self.weeks("late", 30, 45))
            self.assertEqual(worker.end(), 0)
            now = records_of(worker)
            self.assertGreater(len(was.keys() - now.keys()), 100)
            self.compact(corner)
            # A copy from before the deletions, which nobody can tell it of any more.
            shutil.rmtree(worker.state)
            old.rename(worker.state)
            self.assertEqual(self.restored(worker), now)

    def test_a_state_directory_of_another_cluster_is_rebuilt(self):
        with Crowd(self.corner(), *OPTIONS) as crowd:
            worker = self.half_way(crowd)
            change_directory(worker, "foreign")
            self.finish(crowd, worker)
            self.assertIn("it is of another cluster", worker.text())

    def test_a_state_directory_that_is_cut_short_is_refused_and_without_it_the_worker_goes_on(self):
        with Crowd(self.corner(), *OPTIONS) as crowd:
            worker = self.half_way(crowd)
            data = worker.state / "data.mdb"
            data.write_bytes(data.read_bytes()[:data.stat().st_size // 2])
            self.refused(worker, DATA, "remove")
            shutil.rmtree(worker.state)
            self.finish(crowd, worker)

    def test_state_of_a_newer_version_is_refused_in_the_directory_and_in_the_changelog(self):
        corner = self.corner()
        with Crowd(corner, *OPTIONS) as crowd:
            worker = self.half_way(crowd)
            key, value = next((key, value) for key, value in records_of(worker).items() if bytes.fromhex(key)[4:] == b"P")
            key, value = bytes.fromhex(key), bytearray.fromhex(value)
            change_directory(worker, "newer")
            self.refused(worker, DATA, "newer version of StoreCast")
            shutil.rmtree(worker.state)
            # The record as a later version would have written it: kind, version, ..., the sum at 8.
            value[1] += 1
            (partition,) = struct.unpack(">I", key[:4])
            value[8:12] = struct.pack("<I", crc32c(struct.pack("<I", partition) + key[4:] + value[:8] + value[12:]))
            file = crowd.path / "newer"
            file.write_bytes(value)
            subprocess.run(["kcat", "-P", "-b", corner.servers, "-t", corner.topic("state"), "-p", str(partition), "-k", "P", file], check=True,
                           timeout=60, capture_output=True)
            self.refused(worker, DATA, "was written by a newer program.*use the newer one")

    def test_a_state_directory_of_another_group_of_topics_is_refused(self):
        with Crowd(self.corner(), *OPTIONS) as one, Crowd(self.corner(), *OPTIONS) as other:
            worker = self.half_way(one)
            stranger = self.half_way(other)
            shutil.rmtree(stranger.state)
            shutil.copytree(worker.state, stranger.state)
            self.refused(stranger, CONFIG, "topics.prefix=")
            shutil.rmtree(stranger.state)
            self.finish(other, stranger)

    def test_offsets_that_somebody_moved_are_refused_and_the_line_given_puts_them_right(self):
        corner = self.corner()
        with Crowd(corner, "-X", "kafka.session.timeout.ms=45000") as crowd:
            worker = self.half_way(crowd)
            reset = ("groups", "--group", corner.group, "--topic", f"{corner.topic('sales-updates')}:0", "--reset-offsets", "--to-offset", "3")
            # (the tool gives up after some seconds, and ends with 0 all the same)
            until(lambda: "Error" not in corner.tool(*reset, "--execute"), "offsets that are moved")
            self.refused(worker, DATA, "offset 3 .*lost or counted twice.*kafka-consumer-groups.sh")
            told = worker.text().splitlines()[-1]
            line = re.search(r"run: (.*)\)$", told)[1]
            until(lambda: "Error" not in self.obeyed(corner, line), "offsets that are moved back")
            self.finish(crowd, worker)

    def obeyed(self, corner, line):
        said = corner.obey(line)
        self.assertNotIn("only be reset if the group", said)  # whoever was refused has left it
        return said

    def test_a_changelog_that_lost_its_records_is_refused(self):
        corner = self.corner()
        with Crowd(corner, *OPTIONS) as crowd:
            worker = self.half_way(crowd)
            corner.tool("topics", "--delete", "--topic", corner.topic("state"))
            until(lambda: corner.topic("state") not in corner.tool("topics", "--list").split(), "the topic to be gone")
            corner.storecast("topics create")
            self.refused(worker, DATA, "records were removed")
            shutil.rmtree(worker.state)
            self.refused(worker, DATA, "has committed batch .* holds no more than batch 0")


if __name__ == "__main__":
    unittest.main()
