#!/usr/bin/env python3
"""Local state that is gone, damaged, old or somebody else's, and offsets that were moved: rebuilt or refused with a sentence, and
never wrong numbers."""
import pathlib
import re
import shutil
import signal
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
from cluster import Corner, storecast
from stream import run, until
from workers import Crowd, settled_differences

PARTITIONS = 2
OPTIONS = ("-X", "kafka.session.timeout.ms=6000")
DATA, CONFIG = 65, 78


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
