"""What tests of faults share: sales, what an undisturbed worker makes of them, and the way back to that after a fault.

in_parallel runs cases in forked processes, because most of a case is waiting.
"""
import concurrent.futures
import multiprocessing
import pathlib
import tempfile

from stream import Stream, run, until

PARTITIONS = 2
OPTIONS = ("batch.max.records=100",)
AT_ONCE = 4  # (a case takes a tenth of its time on a processor)


class Undisturbed:
    """The sales, and the forecasts and the state after them."""

    def __init__(self, stores=3, years=.4):
        self.folder = tempfile.TemporaryDirectory(prefix="storecast-test-")
        self.path = pathlib.Path(self.folder.name)
        self.sales = self.path / "sales.csv"
        run("simulate", "--stores", stores, "--years", years, "--out", self.sales)
        with Stream(PARTITIONS, *OPTIONS) as stream:
            stream.start_worker()
            stream.replay(self.sales)
            stream.stop_worker()
            self.expected = self.results(stream)
            self.sent = len(stream.read("sales-updates"))

    def close(self):
        self.folder.cleanup()

    @staticmethod
    def results(stream):
        return stream.read("forecasts").last(), stream.state()

    def check(self, stream, what):
        """Stops the worker. Forecasts and state must be those of a worker without a fault."""
        stream.stop_worker()
        for name, seen, expected in zip(("forecasts", "state"), self.results(stream), self.expected):
            if seen != expected:
                raise AssertionError(f"{what}: other {name}")

    def replay_through(self, stream, what, ends_max=3):
        """Starts the worker again, without a fault, when it ends; returns how often it ended."""
        replay, ends = stream.start_replay(self.sales), 0
        while until(lambda: replay.poll() is not None or stream.worker.poll() is not None, what) and replay.poll() is None:
            ends += 1
            assert ends <= ends_max, f"{what}: it ends again and again: {stream.log.read_text()[-500:]}"
            assert_sound_end(stream, what)
            stream.start_worker()
        stream.wait_replay(replay)
        if stream.worker.poll() is not None:
            assert_sound_end(stream, what)
            ends += 1
            stream.start_worker()
        return ends


def assert_sound_end(stream, what, codes=range(1, 128)):
    log = stream.log.read_text()
    if stream.worker.returncode not in codes:
        raise AssertionError(f"{what}: it ended with {stream.worker.returncode}: {log[-500:]}")
    if not any(line.startswith("storecast: ") and len(line) > 20 for line in log.splitlines()):
        raise AssertionError(f"{what}: it ended without a sentence: {log[-500:]}")


def in_parallel(function, cases):
    """[function(case) for case in cases]; a function of a module. Every failure is told, not the first alone."""
    with concurrent.futures.ProcessPoolExecutor(AT_ONCE, multiprocessing.get_context("fork")) as pool:
        jobs = [(case, pool.submit(function, case)) for case in cases]
        failed = [f"{case}: {job.exception()}" for case, job in jobs if job.exception()]
    if failed:
        raise AssertionError("\n".join([f"{len(failed)} of {len(jobs)} cases failed", *failed[:8]]))
    return [job.result() for _, job in jobs]
