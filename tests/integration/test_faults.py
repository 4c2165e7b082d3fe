#!/usr/bin/env python3
"""A bad disk, a wrong clock, signals at any moment and too few descriptors: the same forecasts and state as without, if need be
after an end with a sentence and a restart."""
import os
import pathlib
import random
import re
import signal
import socket
import sys
import time
import unittest

sys.dont_write_bytecode = True  # beside the sources
from faults import OPTIONS, PARTITIONS, Undisturbed, assert_sound_end, in_parallel
from stream import Stream, until

BUILD = pathlib.Path(os.environ["STORECAST_BUILD"])
SECONDS_A_YEAR = 366 * 86400
EIO, ENOSPC, ENOMEM = 5, 28, 12
CONFIG, LATER = 78, 75
SHORT = 0


def with_bad_disk(what):
    """what: CALL:NTH:ERRNO[:lasts], see support/preload/bad_disk.c. Returns how often the worker ended."""
    with Stream(PARTITIONS, *OPTIONS) as stream:
        stream.start_worker(wrapper=("env", f"LD_PRELOAD={BUILD}/tests/bad_disk.so", f"BAD_DISK={what}", "BAD_DISK_PATH=/state/"))
        ends = undisturbed.replay_through(stream, what)
        undisturbed.check(stream, what)
        return ends


def with_bad_clock(clock):
    return "env", f"LD_PRELOAD={BUILD}/tests/bad_clock.so", f"BAD_CLOCK={clock}"


def years_in(log):
    return set(re.findall(r"^(\d{4})-", log.read_text(), re.MULTILINE))


class Faults(unittest.TestCase):
    # ---- disk

    def test_every_failing_disk_call_of_the_worker(self):
        calls = (("pwrite", (EIO, ENOSPC, SHORT), 12), ("writev", (EIO, ENOSPC, SHORT), 12), ("fdatasync", (EIO,), 12),
                 ("ftruncate", (ENOSPC,), 2), ("mmap", (ENOMEM,), 3))
        cases = [f"{call}:{nth}:{error}{lasts}" for call, errors, last in calls for error in errors for lasts in ("", ":lasts")
                 for nth in (1, 2, 3, 7, 12) if nth <= last]
        ends = sum(in_parallel(with_bad_disk, cases))
        print(f"{len(cases)} faults, {ends} ends with a sentence")
        self.assertGreater(ends, 20)

    # ---- clock

    def test_a_clock_that_jumps_an_hour_and_a_year_changes_nothing(self):
        clock = undisturbed.path / "clock"
        clock.write_text("0")
        jumps = (3600, 0, -3600, SECONDS_A_YEAR, -SECONDS_A_YEAR, 0, -3600)
        with Stream(PARTITIONS, *OPTIONS, "batch.max.ms=20") as stream:
            stream.start_worker(wrapper=with_bad_clock(clock))
            stream.wait_running()
            replay, jumped = stream.start_replay(undisturbed.sales, "--rate", "400"), 0
            while replay.poll() is None:
                clock.write_text(str(jumps[jumped % len(jumps)]))
                jumped += 1
                time.sleep(.15)
            stream.wait_replay(replay)
            self.assertGreater(jumped, len(jumps))
            years = years_in(stream.log)
            undisturbed.check(stream, "clock")
        with Stream(PARTITIONS, *OPTIONS) as stream:  # started in another year
            clock.write_text(str(-SECONDS_A_YEAR))
            stream.start_worker(wrapper=with_bad_clock(clock))
            stream.wait_running()
            years |= years_in(stream.log)
            stream.replay(undisturbed.sales)
            undisturbed.check(stream, "started in another year")
        self.assertGreater(len(years), 1, "the clock was not wrong at all")

    # ---- signals

    def test_signals_at_any_moment(self):
        chance = random.Random(5)
        with Stream(PARTITIONS, *OPTIONS) as stream:
            stream.start_worker()
            replay = stream.start_replay(undisturbed.sales, "--rate", "250")
            codes = []
            while replay.poll() is None:
                time.sleep(chance.random() * .4)
                if chance.random() < .5:
                    for _ in range(200):
                        os.kill(stream.worker.pid, chance.choice((signal.SIGHUP, signal.SIGUSR1)) if "worker_running" in
                                stream.log.read_text() else 0)
                stream.worker.send_signal(chance.choice((signal.SIGTERM, signal.SIGINT)))
                if chance.random() < .5:
                    time.sleep(chance.random() * .02)
                    stream.worker.send_signal(signal.SIGTERM)
                codes.append(stream.worker.wait(timeout=30))
                stream.start_worker()
            stream.wait_replay(replay)
            self.assertLessEqual(set(codes), {0, LATER, -signal.SIGTERM, -signal.SIGINT}, codes)
            self.assertGreater(len(codes), 4)
            undisturbed.check(stream, "signals")

    # ---- descriptors

    def start_with(self, stream, descriptors):
        stream.start_worker(wrapper=("sh", "-c", f'ulimit -n {descriptors} && exec "$@"', "sh"))

    def seconds_used(self, stream):
        fields = pathlib.Path(f"/proc/{stream.worker.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_too_few_descriptors_are_told(self):
        with Stream(PARTITIONS, *OPTIONS, "http.max.connections=16") as stream:
            for descriptors in (12, 20, 40, 79):
                self.start_with(stream, descriptors)
                stream.worker.wait(timeout=20)
                assert_sound_end(stream, f"{descriptors} descriptors", (CONFIG,))
            self.start_with(stream, 80)
            stream.wait_running()
            port = int(re.search(r"worker_started .* port=(\d+)", stream.log.read_text())[1])
            before, size = self.seconds_used(stream), stream.log.stat().st_size
            crowd = [socket.create_connection(("127.0.0.1", port)) for _ in range(300)]
            time.sleep(4)
            self.assertLess(self.seconds_used(stream) - before, 1, "it spins while there are no descriptors")
            self.assertLess(stream.log.stat().st_size - size, 20000, "it fills the log")
            for s in crowd:
                s.close()
            del crowd

            def answers():
                try:
                    with socket.create_connection(("127.0.0.1", port), 2) as s:
                        s.sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
                        s.settimeout(2)
                        return s.recv(100)
                except OSError:
                    return None
            until(answers, "an answer after the crowd", 30)
            undisturbed.replay_through(stream, "few descriptors")
            undisturbed.check(stream, "few descriptors")


if __name__ == "__main__":
    undisturbed = Undisturbed()
    try:
        unittest.main()
    finally:
        undisturbed.close()
