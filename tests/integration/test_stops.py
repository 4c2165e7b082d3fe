#!/usr/bin/env python3
"""SIGTERM at bad moments: twice, while the state is read back, while the broker does not answer or is gone. The worker ends, soon and
with a code that is documented, and the next one goes on to the same forecasts and state."""
import random
import signal
import sys
import time
import unittest

sys.dont_write_bytecode = True  # beside the sources
from faults import PARTITIONS, Undisturbed
from stream import Stream, until

OK, SERVICE, LATER = 0, 69, 75
SECONDS_MAX = 40  # the worker's own limit is 15, on a machine that is not busy
ROUNDS = 25
SMALL_BATCHES = ("batch.max.records=5",)


class Frozen:
    """A broker that does not answer, with its connections open."""

    def __init__(self, stream):
        self.broker = stream.broker

    def __enter__(self):
        self.broker.send_signal(signal.SIGSTOP)

    def __exit__(self, *_):
        self.broker.send_signal(signal.SIGCONT)


class Stops(unittest.TestCase):
    def end(self, stream, codes):
        code = stream.worker.wait(timeout=SECONDS_MAX)
        self.assertIn(code, codes, stream.log.read_text()[-500:])
        return code

    def with_work(self, stream):
        """A worker in the middle of all the sales, which are sent."""
        replay = stream.start_replay(undisturbed.sales)
        until(lambda: len(stream.read("sales-updates")) == undisturbed.sent, "all sales to be sent")
        replay.kill()  # it would wait for the worker, and give a broker up that is away
        stream.start_worker()
        until(lambda: stream.read("forecasts"), "the first forecasts")

    def go_on(self, stream, what):
        stream.start_worker()
        until(lambda: stream.read("forecasts").last() == undisturbed.expected[0], "the forecasts of an undisturbed worker")
        undisturbed.check(stream, what)

    def test_a_second_sigterm_ends_at_once_what_waits_for_a_broker(self):
        with Stream(PARTITIONS, *SMALL_BATCHES) as stream:
            self.with_work(stream)
            with Frozen(stream):
                time.sleep(.5)  # a batch is on its way
                stream.worker.terminate()
                until(lambda: "worker_stopping" in stream.log.read_text(), "the first signal")
                stream.worker.terminate()
                self.end(stream, (LATER,))
                self.assertIn("worker_killed", stream.log.read_text())
            self.go_on(stream, "twice")

    def test_one_sigterm_is_enough_while_the_broker_does_not_answer(self):
        with Stream(PARTITIONS, *SMALL_BATCHES) as stream:
            self.with_work(stream)
            with Frozen(stream):
                time.sleep(.5)
                stream.worker.terminate()
                self.end(stream, (OK, LATER))
            self.go_on(stream, "frozen")

    def test_one_sigterm_is_enough_when_the_broker_is_gone(self):
        with Stream(PARTITIONS, *SMALL_BATCHES) as stream:
            self.with_work(stream)
            stream.broker.kill()
            time.sleep(.5)
            stream.worker.terminate()
            self.end(stream, (OK, LATER))

    def test_one_sigterm_is_enough_while_a_worker_starts_and_the_broker_does_not_answer(self):
        with Stream(PARTITIONS, *SMALL_BATCHES) as stream:
            stream.start_worker()
            stream.replay(undisturbed.sales)
            stream.stop_worker()
            with Frozen(stream):
                stream.start_worker()
                time.sleep(.5)
                stream.worker.terminate()
                self.end(stream, (OK, SERVICE, LATER, -signal.SIGTERM))
            stream.start_worker()
            undisturbed.check(stream, "start")

    def test_sigterm_while_the_state_is_read_back(self):
        chance, early = random.Random(3), 0
        with Stream(PARTITIONS, *SMALL_BATCHES) as stream:
            stream.start_worker()
            stream.replay(undisturbed.sales)
            stream.stop_worker()
            for _ in range(ROUNDS):
                stream.start_worker()
                until(lambda: "worker_started" in stream.log.read_text() or stream.worker.poll() is not None, "a start")
                time.sleep(chance.random() * .02)
                stream.worker.terminate()
                self.end(stream, (OK,))
                early += "state_restored" not in stream.log.read_text()
            print(f"{early} of {ROUNDS} before the state was read")
            stream.start_worker()
            undisturbed.check(stream, "restore")


if __name__ == "__main__":
    undisturbed = Undisturbed()
    try:
        unittest.main()
    finally:
        undisturbed.close()
