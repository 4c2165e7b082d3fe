"""storecast broker, worker, replay and tail as child processes, for the tests of this folder that are written in Python.

Everything lives in a temporary folder and dies with the Stream, or with the test's process. Waits have bounds.
"""
import ctypes
import csv
import datetime
import json
import os
import pathlib
import re
import signal
import struct
import subprocess
import tempfile
import time

PROGRAM = os.environ.get("STORECAST_BIN", "")
SOURCE = pathlib.Path(os.environ.get("STORECAST_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
SHARED = pathlib.Path(os.environ.get("STORECAST_SHARED") or SOURCE.parent / "shared")
WALMART = SHARED / "data" / "walmart" / "Walmart_Store_sales.csv"
BUILD = pathlib.Path(os.environ.get("STORECAST_BUILD") or pathlib.Path(PROGRAM).parent)
WAIT_S = 60
HELD_MS = 50  # how long one callback may use or wait

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
HEAD = re.compile(r'"offset":\d+,"timestamp_ms":\d+,')  # of a line of tail: the only part that may differ between runs


def until(condition, what, seconds=WAIT_S):
    """The first true value of condition(); AssertionError after a while."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(.01)


def is_instrumented():
    """Built with a sanitizer, or run under something: its times say nothing."""
    cache = BUILD / "CMakeCache.txt"
    return bool(os.environ.get("STORECAST_WRAPPER")) or cache.exists() and re.search(r"^STORECAST_SANITIZE:\w+=.", cache.read_text(), re.M) is not None


def held_too_long(log):
    """The slow callbacks of a worker's log that were slow by themselves, not because the machine ran something else."""
    slow = re.findall(r"^.* slow_callback .*$", log, re.M)
    own = [sum(int(re.search(rf" {key}_ms=(\d+)", line)[1]) for key in ("cpu", "blocked")) for line in slow]
    return [line for line, ms in zip(slow, own) if ms >= HELD_MS]


def environment_with(more):
    """Ours, without what would configure the program."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith("STORECAST_")}, **(more or {})}


def keep_freed_memory(mib):
    """Before a limit of resident memory is checked: the address sanitizer keeps the last 256 MiB of what was freed from being
    used again, to catch who still does, and that looks like a leak. So it keeps less; the limit is that of any other build."""
    if is_instrumented():
        options = [os.environ.get("ASAN_OPTIONS", ""), f"quarantine_size_mb={mib}", f"thread_local_quarantine_size_kb={min(mib, 1) * 64}"]
        os.environ["ASAN_OPTIONS"] = ":".join(options)


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def run(*arguments, environment=None):
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=WAIT_S, preexec_fn=die_with_parent,
                          env=environment_with(environment))
    if done.returncode != 0:
        raise AssertionError(f"storecast {' '.join(map(str, arguments))}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


# ---- sales

class Sales:
    """A file of sales that tests cut and change. weeks are counted from 0."""

    def __init__(self, path):
        with open(path, newline="") as file:
            self.header, *self.rows = csv.reader(file)
        names = [name.lower() for name in self.header]
        self.store_at = next(i for i, name in enumerate(names) if name.startswith("store"))
        self.date_at = names.index("date")
        self.value_at = next(i for i, name in enumerate(names) if name in ("weekly_sales", "amount"))
        self.dates = [self.date(row) for row in self.rows]
        self.first = min(self.dates)
        self.is_totals = "weekly_sales" in names
        self.week_end = "friday" if self.is_totals else "sunday"
        self.stores = {row[self.store_at] for row in self.rows}

    def date(self, row):
        text = row[self.date_at]
        return datetime.date.fromisoformat(text) if text[4] == "-" else datetime.datetime.strptime(text, "%d-%m-%Y").date()

    def week(self, index):
        return (self.dates[index] - self.first).days // 7

    def last_day(self, weeks):
        """Of the last of the first weeks, as ISO text."""
        return str(self.first + datetime.timedelta(days=7 * weeks - 7 + (0 if self.is_totals else 6)))

    def write(self, path, weeks=10 ** 6, begin=0, scale=lambda store, week: 1):
        """Weeks begin..weeks - 1, values times a factor."""
        with open(path, "w", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(self.header)
            for i, row in enumerate(self.rows):
                week = self.week(i)
                if begin <= week < weeks:
                    factor = scale(row[self.store_at], week)
                    value = row[self.value_at] if factor == 1 else repr(round(float(row[self.value_at]) * factor, 6))
                    out.writerow(row[:self.value_at] + [value] + row[self.value_at + 1:])
        return path


# ---- topics

class Message:
    def __init__(self, line):
        self.line = line
        parsed = json.loads(line)
        self.partition, self.offset, self.key, self.value = (parsed[name] for name in ("partition", "offset", "key", "value"))
        self.text = HEAD.sub("", line, count=1)

    @property
    def identity(self):
        """What tells it from others of its topic; the same identity twice is a copy, which must be equal."""
        for number in ("request_id", "issue", "close_number", "alert_number"):
            if number in self.value:
                return (self.partition if number == "alert_number" else self.key, self.value[number])
        raise AssertionError(f"unknown message: {self.line[:200]}")


class Messages(list):
    def distinct(self):
        """Text by identity. A copy that differs is an error, as is a gap in the offsets."""
        out, at = {}, {}
        for m in self:
            if m.offset != at.get(m.partition, 0):
                raise AssertionError(f"partition {m.partition}: offset {m.offset} follows {at.get(m.partition, 0) - 1}")
            at[m.partition] = m.offset + 1
            if out.setdefault(m.identity, m.text) != m.text:
                raise AssertionError(f"two messages {m.identity} differ:\n{out[m.identity]}\n{m.text}")
        return out

    def last(self):
        """Text by key of the greatest issue."""
        best = {}
        for (key, number), text in self.distinct().items():
            if key not in best or number > best[key][0]:
                best[key] = (number, text)
        return {key: text for key, (number, text) in best.items()}


class Follower:
    """A topic while it grows."""

    def __init__(self, process, path):
        self.process, self.file, self.rest, self.messages = process, open(path), "", Messages()

    def read(self):
        lines = (self.rest + self.file.read()).split("\n")
        self.rest = lines.pop()
        self.messages += map(Message, lines)
        return self.messages


# ---- processes

class Stream:
    """A broker from the start on; a worker when it is told."""

    def __init__(self, partitions, *options, environment=None):
        self.environment = environment_with(environment)
        self.options = [word for option in ("http.port=0", *options) for word in ("-X", option)]
        self.children, self.followers, self.worker = [], [], None
        self.folder = tempfile.TemporaryDirectory(prefix="storecast-test-")
        self.path = pathlib.Path(self.folder.name)
        self.log = self.path / "worker.log"
        self.broker = self.spawn("broker", "--partitions", partitions, "--state-dir", self.path / "broker", out=self.path / "broker.log")

    def __enter__(self):
        try:
            self.address = until(self.broker_address, "the broker")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, exception=None, *_):
        for child in reversed(self.children):
            child.kill()
            child.wait()
        for follower in self.followers:
            follower.file.close()
        held = self.held()
        self.folder.cleanup()
        if held and exception is None:
            raise AssertionError(f"the loop was held:\n{held}")

    def held(self):
        return "\n".join(held_too_long(self.log.read_text(errors="replace"))) if self.log.exists() and not is_instrumented() else ""

    def broker_address(self):
        if self.broker.poll() is not None:
            raise AssertionError(f"the broker ended: {(self.path / 'broker.log').read_text()[-500:]}")
        file = self.path / "broker" / "broker"
        return file.read_text().strip() if file.exists() else None

    def spawn(self, *arguments, out, wrapper=()):
        with open(out, "a") as file:
            errors = subprocess.STDOUT if out.suffix == ".log" else None
            child = subprocess.Popen([*wrapper, PROGRAM, *map(str, arguments)], stdout=file, stderr=errors, env=self.environment,
                                     preexec_fn=die_with_parent)
        self.children.append(child)
        return child

    def start_worker(self, *arguments, wrapper=()):
        if held := self.held():
            raise AssertionError(f"the loop was held:\n{held}")
        self.log.write_text("")
        self.worker = self.spawn("worker", f"--embedded={self.address}", "--state-dir", self.path / "state", *self.options, *arguments, out=self.log,
                                 wrapper=wrapper)

    def wait_running(self):
        def look():
            if self.worker.poll() is not None:
                raise AssertionError(f"the worker ended: {self.log.read_text()[-500:]}")
            return "worker_running" in self.log.read_text()
        until(look, "the worker to run")

    def kill_worker(self):
        if self.worker.poll() is not None:
            raise AssertionError(f"the worker has ended by itself: {self.log.read_text()[-500:]}")
        self.worker.kill()
        self.worker.wait()

    def stop_worker(self):
        self.wait_running()
        self.worker.terminate()
        code = self.worker.wait(timeout=WAIT_S)
        if code != 0:
            raise AssertionError(f"the worker's exit code is {code}: {self.log.read_text()[-500:]}")

    def start_replay(self, path, *options):
        return self.spawn("replay", "--broker", self.address, *options, *self.options, path, out=self.path / "replay.log")

    def wait_replay(self, replay):
        if replay.wait(timeout=WAIT_S) != 0:
            raise AssertionError(f"replay: {(self.path / 'replay.log').read_text()[-500:]}")

    def replay(self, path, *options):
        self.wait_replay(self.start_replay(path, *options))

    def follow(self, topic):
        path = self.path / f"{topic}.jsonl"
        process = self.spawn("tail", topic, "--follow", "--from-beginning", "--broker", self.address, out=path)
        self.followers.append(Follower(process, path))
        return self.followers[-1]

    def read(self, topic):
        return Messages(map(Message, run("tail", topic, "--broker", self.address).splitlines()))

    def wait_forecasts(self, follower, stores, last_day):
        """Until the sets of forecasts are complete that know last_day."""
        origins, closed, seen = {}, set(), 0

        def look():
            nonlocal seen
            start, seen = seen, len(follower.read())
            for m in follower.messages[start:]:
                if m.value.get("origin") == last_day:
                    origins[m.value["store"]] = m.partition
                if m.value.get("last_date") == last_day:
                    closed.add(m.partition)
            return len(origins) == stores and closed >= set(origins.values())
        until(look, f"the forecasts that know {last_day}")
        return follower.messages

    def state(self, *series):
        text = run("state", "show", "--state-dir", self.path / "state", *series, *self.options)
        return re.sub(r", batch \d+$", "", text, flags=re.MULTILINE)

    def request(self, request_id, store, horizon, models=()):
        """A ForecastRequest by a stranger's client."""
        body = text(request_id) + text(store) + b"\0\0\0" + number(horizon)
        body += (number(len(models)) + b"".join(map(text, models)) if models else b"") + b"\0" + b"\0" + b"\0" + b"\0" + b"\0" + number(0)
        file = self.path / "request"
        file.write_bytes(struct.pack(">BI", 0, 0x53430002) + body)
        subprocess.run(["kcat", "-P", "-b", self.address, "-t", "storecast.forecast-requests", "-k", store,
                        "-X", "topic.partitioner=murmur2_random", file], check=True, timeout=WAIT_S, capture_output=True)


# ---- Avro

def number(value):
    value = (value << 1) ^ (value >> 63)
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def text(value):
    encoded = value.encode()
    return number(len(encoded)) + encoded
