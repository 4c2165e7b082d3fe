"""Workers of one group on a real Kafka, which can be killed, and what a reader of committed records sees of their output."""
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import urllib.request

from cluster import PROGRAM
from stream import HEAD, die_with_parent, environment_with, held_too_long, is_instrumented, until

OUTPUTS = ("forecasts", "drift-alerts", "dead-letters", "forecast-replies")


class Worker:
    def __init__(self, crowd, name, *options):
        self.crowd, self.name, self.options = crowd, name, options
        self.state, self.log = crowd.path / name, crowd.path / f"{name}.log"
        self.process, self.starts, self.codes = None, 0, []
        self.is_held = False  # by the test

    def start(self, environment=None):
        self.starts += 1
        self.is_held |= ":stop" in (environment or {}).get("STORECAST_CRASH_AT", "")
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "worker", *self.crowd.corner.options, "--state-dir", self.state, "-X", "http.port=0", "-X", "compute.threads=1", *self.options],
                stdout=log, stderr=log, env=environment_with(environment), preexec_fn=die_with_parent)

    @property
    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def metric(self, name):
        """Of its latest start, over all labels; 0 before it listens."""
        ports = re.findall(r" worker_started .* port=(\d+)", self.text())
        if len(ports) < self.starts:
            return 0
        with urllib.request.urlopen(f"http://127.0.0.1:{ports[-1]}/metrics", timeout=60) as answer:
            return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", answer.read().decode(), re.M))

    @property
    def is_stopped(self):
        return re.search(r"^State:\s+T", pathlib.Path(f"/proc/{self.process.pid}/status").read_text(), re.M) is not None

    def end(self, number=signal.SIGTERM, seconds=60):
        self.process.send_signal(number)
        self.codes.append(self.process.wait(timeout=seconds))
        return self.codes[-1]


class Crowd:
    """All workers of a corner. Their state directories stay when they die."""

    def __init__(self, corner, *options):
        self.corner, self.options, self.workers = corner, options, []
        self.folder = tempfile.TemporaryDirectory(prefix="storecast-test-")
        self.path = pathlib.Path(self.folder.name)

    def __enter__(self):
        return self

    def __exit__(self, exception=None, *_):
        for worker in self.workers:
            if worker.is_alive:
                worker.process.send_signal(signal.SIGCONT)
                worker.end(signal.SIGKILL)
        if exception is not None:
            for worker in self.workers:
                print(f"---- {worker.name}\n{worker.text()[-4000:]}")
        held = [] if is_instrumented() else [line for worker in self.workers if not worker.is_held for line in held_too_long(worker.text())]
        self.folder.cleanup()
        if held and exception is None:
            raise AssertionError("the loop was held:\n" + "\n".join(held))

    def add(self, name=None, environment=None, options=()):
        worker = Worker(self, name or f"w{len(self.workers) + 1}", *self.options, *options)
        self.workers.append(worker)
        worker.start(environment)
        return worker

    def revive(self):
        """Starts again who died; its exit code and last words are checked by the caller."""
        for worker in self.workers:
            if worker.process is not None and not worker.is_alive:
                worker.codes.append(worker.process.returncode)
                worker.start()

    def replay(self, sales, *options):
        with open(self.path / "replay.log", "w") as log:
            return subprocess.Popen([PROGRAM, "replay", *self.corner.options, *map(str, options), str(sales)], stdout=log, stderr=log,
                                    env=environment_with({}), preexec_fn=die_with_parent)

    def stop(self):
        for worker in self.workers:
            if worker.is_alive:
                code = worker.end()
                if code != 0:
                    raise AssertionError(f"{worker.name} ended with {code}:\n{worker.text()[-3000:]}")

    def outputs(self):
        """Of each topic the records, as read_committed readers see them, without offset and time, in any order."""
        out = {}
        for topic in OUTPUTS:
            lines = self.corner.storecast("tail", topic, "--broker", self.corner.servers).stdout.splitlines()
            out[topic] = sorted(HEAD.sub("", line, count=1) for line in lines)
        return out


def settled_differences(crowd, expected, seconds=60):
    """What a dead worker left open hides what is behind it, until Kafka's time limit (kafka.transaction.timeout.ms) ends it: that is late, not
    lost. What is doubled or different stays so."""
    end = time.monotonic() + seconds
    while True:
        found = differences(crowd.outputs(), expected)
        if found[0] == 0 or time.monotonic() > end:
            return found
        time.sleep(1)


def differences(found, expected):
    """(lost, doubled, different) over all topics: records missing, records too many, both under one identity."""
    lost = doubled = different = 0
    for topic, wanted in expected.items():
        have = {}
        for text in found[topic]:
            have[text] = have.get(text, 0) + 1
        want = {}
        for text in wanted:
            want[text] = want.get(text, 0) + 1
        missing = sum(max(n - have.get(text, 0), 0) for text, n in want.items())
        extra = sum(n for text, n in have.items() if text not in want)
        doubled += sum(n - want[text] for text, n in have.items() if text in want and n > want[text])
        different += min(missing, extra)
        lost += max(missing - extra, 0)
        doubled += max(extra - missing, 0)
    return lost, doubled, different
