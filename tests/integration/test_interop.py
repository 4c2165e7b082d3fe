#!/usr/bin/env python3
"""The broker and the worker beside strangers: Debian's kcat moves the bytes, Python's fastavro makes and reads them."""
import collections
import ctypes
import datetime
import io
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = os.environ.get("STORECAST_BIN", "")
SOURCE = pathlib.Path(os.environ.get("STORECAST_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("STORECAST_BUILD") or tempfile.gettempdir())
VENV = BUILD / "interop-venv"
IDS = {"SalesUpdate": 0x53430001, "ForecastRequest": 0x53430002, "ForecastResult": 0x53430003, "PeriodClosed": 0x53430004}
TOPICS = ("sales-updates", "forecast-requests", "forecasts", "forecast-archive", "forecast-replies", "drift-alerts", "dead-letters",
          "model-events", "state")
PARTITIONS = 3
WEEKS = [datetime.date(2024, 3, 3) + datetime.timedelta(weeks=w) for w in range(6)]  # Sundays: weeks end on them
SALES = {"1": 1000.5, "7": 20.25, "Zoë & Söhne": 333.0}  # of the first week
LATE = "7"  # does not send its last week, but a Complete
SECONDS_MAX = 60

Record = collections.namedtuple("Record", "partition offset key value headers")


def skip(reason):
    """In CI everything is to be there, so that nothing is left out unseen."""
    is_ci = os.environ.get("CI", "").lower() == "true"
    print(f"{'failed' if is_ci else 'skipped'}: {reason}")
    sys.exit(1 if is_ci else 77)


def has_fastavro(python):
    return subprocess.run([python, "-c", "import fastavro"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def python_with_fastavro():
    """Kept under the build folder, so that the registry is asked once."""
    python = VENV / "bin" / "python"
    if python.exists() and has_fastavro(python):
        return python
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True, capture_output=True, text=True, timeout=60)
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--timeout", "15", "--retries", "1",
                        "fastavro>=1.8,<2"], check=True, capture_output=True, text=True, timeout=120)
    except subprocess.CalledProcessError as e:
        skip(f"pip did not get fastavro: {(e.stderr or e.stdout).strip().splitlines()[-1:]}")
    except subprocess.TimeoutExpired:
        skip("pip did not get fastavro in time")
    return python


def schema(name):
    return fastavro.parse_schema(json.loads((SOURCE / "schemas" / f"{name}.avsc").read_text()))


def encode(name, value):
    out = io.BytesIO()
    out.write(struct.pack(">bI", 0, IDS[name]))
    fastavro.schemaless_writer(out, schema(name), value, strict_allow_default=True)
    return out.getvalue()


def decode(name, value):
    magic, schema_id = struct.unpack(">bI", value[:5])
    assert (magic, schema_id) == (0, IDS[name]), f"{value[:5].hex()} does not begin a {name}"
    stream = io.BytesIO(value[5:])
    record = fastavro.schemaless_reader(stream, schema(name))
    assert stream.read() == b"", "bytes are left over"
    return record


def name_of(value):
    return next(name for name, schema_id in IDS.items() if value[1:5] == schema_id.to_bytes(4, "big"))


def forecasts_among(records):
    """The topic has a PeriodClosed too, for every week and partition."""
    return [r for r in records if name_of(r.value) == "ForecastResult"]


def result_of(record):
    return decode("ForecastResult", record.value)


def sales_update(store, date, kind, body):
    issued = datetime.datetime.combine(date, datetime.time(22), datetime.timezone.utc)
    return encode("SalesUpdate", {"event_id": f"{kind}-{store}-{date}", "store": store, "business_date": date, "issued_at": issued,
                                  "body": (f"storecast.{kind}", body)})


def present(value):
    """As a JSON line has it: without what is absent, instants and dates as text."""
    if isinstance(value, dict):
        return {k: present(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [present(v) for v in value]
    return value.isoformat() if isinstance(value, datetime.date) else value


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Interop(unittest.TestCase):
    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        # kcat must not find somebody's own configuration.
        cls.environment = {**os.environ, "HOME": cls.folder.name, "KCAT_CONFIG": os.devnull}
        cls.broker = cls.start("broker", "--partitions", str(PARTITIONS))
        address = pathlib.Path(cls.folder.name) / "storecast-state" / "broker"
        cls.wait(lambda: address.exists() and address.read_text().endswith("\n"), "the broker's address")
        cls.address = address.read_text().strip()
        cls.worker = cls.start("worker", "--embedded", "-X", "http.port=0")

    @classmethod
    def start(cls, *arguments):
        log = open(pathlib.Path(cls.folder.name) / f"{arguments[0]}.log", "w+")
        process = subprocess.Popen([PROGRAM, *arguments], cwd=cls.folder.name, env=cls.environment, stdout=log, stderr=log,
                                   preexec_fn=die_with_parent)
        cls.addClassCleanup(cls.end, process, log)
        return process

    @classmethod
    def end(cls, process, log):
        process.kill()
        process.wait()
        log.close()

    @classmethod
    def wait(cls, condition, what):
        until = time.monotonic() + SECONDS_MAX
        while time.monotonic() < until:
            result = condition()
            if result:
                return result
            time.sleep(.02)
        logs = "".join(p.read_text()[-1500:] for p in pathlib.Path(cls.folder.name).glob("*.log"))
        raise AssertionError(f"{what}: not seen in {SECONDS_MAX} s\n{logs}")

    def run_in_folder(self, *arguments):
        done = subprocess.run(arguments, cwd=self.folder.name, env=self.environment, capture_output=True, timeout=SECONDS_MAX)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout

    def kcat(self, *arguments):
        return self.run_in_folder("kcat", "-b", self.address, "-X", "topic.partitioner=murmur2_random", *arguments)

    def produce(self, topic, key, *values, partition=None):
        """Values go as files, one message each: they have zero bytes and newlines in them."""
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for i, value in enumerate(values):
                files.append(os.path.join(folder, f"{i}.avro"))
                pathlib.Path(files[-1]).write_bytes(value)
            where = [] if partition is None else ["-p", str(partition)]
            self.kcat("-P", "-t", f"storecast.{topic}", *where, "-k", key, *files)

    def consume(self, topic):
        """A record is a line of numbers and its bytes; a null has length -1."""
        out = io.BytesIO(self.kcat("-C", "-q", "-e", "-X", "fetch.wait.max.ms=20", "-o", "beginning", "-t", f"storecast.{topic}",
                                   "-f", "%p %o %K %S %h\n%k%s"))
        records = []
        while line := out.readline():
            partition, offset, key_size, value_size, *headers = line.decode().rstrip("\n").split(" ", 4)
            key = out.read(max(int(key_size), 0)).decode()
            value = out.read(int(value_size)) if int(value_size) >= 0 else None
            records.append(Record(int(partition), int(offset), key, value, headers[0] if headers else ""))
        return records

    def consume_until(self, topic, is_enough):
        found = []

        def look():
            found[:] = self.consume(topic)
            return is_enough(found)
        self.wait(look, f"what is expected in {topic}")
        return found

    def tail(self, topic):
        return [json.loads(line) for line in self.run_in_folder(PROGRAM, "tail", topic).splitlines()]

    def assert_tail_tells_the_same(self, topic, records):
        lines = {(line["partition"], line["offset"]): line for line in self.tail(topic)}
        self.assertEqual(set(lines), {(r.partition, r.offset) for r in records})
        for r in records:
            line = lines[r.partition, r.offset]
            self.assertEqual(line["key"], r.key)
            self.assertEqual(line["value"], present(decode(name_of(r.value), r.value)))

    # The cases below are steps of one day, in this order.

    def test_1_kcat_lists_the_topics(self):
        listed = json.loads(self.kcat("-L", "-J"))
        partitions = {t["topic"]: len(t["partitions"]) for t in listed["topics"]}
        for topic in TOPICS:
            self.assertEqual(partitions.get(f"storecast.{topic}"), PARTITIONS, topic)

    def test_2_sales_of_fastavro_are_read_back_by_kcat(self):
        sent = {store: [] for store in SALES}
        for week, date in enumerate(WEEKS):
            for store, first in SALES.items():
                if (store, date) == (LATE, WEEKS[-1]):
                    continue
                body = {"amount": first * 1.1 ** week, "covariates": {"temperature": -3.5}}
                sent[store].append(sales_update(store, date, "Total", body))
                self.produce("sales-updates", store, sent[store][-1])
        records = self.consume("sales-updates")
        self.assertEqual(len(records), len(SALES) * len(WEEKS) - 1)
        for store, values in sent.items():
            self.assertEqual([r.value for r in records if r.key == store], values)
            self.assertEqual(len({r.partition for r in records if r.key == store}), 1)
        told = {(line["key"], line["value"]["business_date"]): line["value"]["body"]["Total"] for line in self.tail("sales-updates")}
        for r in records:
            update = decode("SalesUpdate", r.value)
            total = told[r.key, update["business_date"].isoformat()]
            self.assertAlmostEqual(total["amount"], update["body"]["amount"], delta=.5e-6)  # kept in millionths
            self.assertEqual(total["covariates"], {"temperature": -3.5})

    def test_3_every_week_of_every_store_is_forecast(self):
        def origins(records, store):
            return [r["origin"] for r in map(result_of, forecasts_among(records)) if r["store"] == store]

        self.consume_until("forecasts", lambda found: origins(found, LATE) == WEEKS[:-1])
        self.produce("sales-updates", LATE, sales_update(LATE, WEEKS[-1], "Complete", {"reason": "closed for repairs"}))

        def last_issued(records):
            return all(origins(records, store)[-1:] == WEEKS[-1:] for store in SALES)
        records = self.consume_until("forecasts", last_issued)
        sales_partition = {r.key: r.partition for r in self.consume("sales-updates")}
        for r in forecasts_among(records):
            self.assertEqual(r.partition, sales_partition[r.key])
            self.check_forecast(r)
        for store in SALES:
            self.assertEqual(origins(records, store), WEEKS)
        self.assertEqual(self.consume("dead-letters"), [])

    def check_forecast(self, r):
        result = decode("ForecastResult", r.value)
        self.assertEqual((result["store"], result["product"], result["partition"]), (r.key, None, r.partition))
        self.assertEqual((result["status"], result["measure"], len(result["steps"])), ("SHORT_HISTORY", "amount", 8))
        for i, step in enumerate(result["steps"]):
            self.assertEqual(step["last_date"], result["origin"] + datetime.timedelta(weeks=i + 1))
            self.assertEqual(step["last_date"] - step["first_date"], datetime.timedelta(days=6))
            values = [q["value"] for q in step["quantiles"]]
            self.assertEqual(values, sorted(values))
            self.assertTrue(values[0] < step["median"] < values[-1])
            self.assertTrue(.5 < step["mean"] / SALES[r.key] < 4, step["mean"])

    def test_4_tail_tells_what_fastavro_reads(self):
        records = self.consume("forecasts")
        self.assertGreaterEqual(len(records), len(SALES))
        self.assert_tail_tells_the_same("forecasts", records)

    def test_5_a_request_is_answered(self):
        issued = datetime.datetime(2024, 4, 9, tzinfo=datetime.timezone.utc)
        for horizon in (2, 151):
            request = {"request_id": f"r-{horizon}", "store": "7", "horizon": horizon, "issued_at": issued}
            self.produce("forecast-requests", "7", encode("ForecastRequest", request))
        records = self.consume_until("forecast-replies", lambda found: len(found) == 2)
        replies = {r["request_id"]: r for r in map(result_of, records)}
        standing = [r for r in map(result_of, forecasts_among(self.consume("forecasts"))) if r["store"] == "7"][-1]
        self.assertEqual([s["mean"] for s in replies["r-2"]["steps"]], [s["mean"] for s in standing["steps"][:2]])
        self.assertEqual(replies["r-151"]["status"], "INVALID_REQUEST")
        self.assertIn("151", replies["r-151"]["sentence"])
        self.assert_tail_tells_the_same("forecast-replies", records)

    def test_6_another_partition_than_the_keys_is_told(self):
        right = next(r.partition for r in self.consume("sales-updates") if r.key == "7")
        self.produce("sales-updates", "7", sales_update("7", WEEKS[-1], "Total", {"amount": 1.0}), partition=(right + 1) % PARTITIONS)
        (letter,) = self.consume_until("dead-letters", len)
        self.assertIn("storecast.error.code=WRONG_PARTITION", letter.headers)
        self.assertEqual(decode("SalesUpdate", letter.value)["store"], "7")
        (line,) = self.tail("dead-letters")
        self.assertEqual(line["headers"]["storecast.error.code"], "WRONG_PARTITION")

    def test_7_both_end_when_told(self):
        for process in (self.worker, self.broker):
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=20), 0)


if __name__ == "__main__":
    if not PROGRAM:
        print("skipped: STORECAST_BIN is not set")
        sys.exit(77)
    if not shutil.which("kcat"):
        skip("kcat is not installed (scripts/install-deps --test)")
    try:
        import fastavro
    except ImportError:
        if os.environ.get("STORECAST_INTEROP_AGAIN"):
            skip("fastavro was installed but cannot be imported")
        python = python_with_fastavro()
        os.environ["STORECAST_INTEROP_AGAIN"] = "1"
        os.execv(python, [str(python), __file__, *sys.argv[1:]])
    os.environ.pop("STORECAST_INTEROP_AGAIN", None)  # the program takes such names for options
    unittest.main(failfast=True)
