"""A real Kafka for the tests of this folder: the one that all of them share, or one of a test's own."""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import uuid

SOURCE = pathlib.Path(os.environ.get("STORECAST_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("STORECAST_BUILD", SOURCE / "build" / "dev"))
PROGRAM = os.environ.get("STORECAST_BIN", str(BUILD / "storecast"))
CI = os.environ.get("CI") == "true"
sys.path.insert(0, str(SOURCE / "tests" / "integration"))
from stream import die_with_parent, environment_with  # noqa: E402
import stream  # noqa: E402

RELEASE = os.environ.get("STORECAST_KAFKA_RELEASE", "3.9.1")
UNAVAILABLE = 69  # scripts/kafka: no Java, no Maven, no download


def until(condition, what, seconds=300):
    """As in stream.py, for a machine that also runs brokers: the bound is against a hang."""
    return stream.until(condition, what, seconds)


def skip(reason):
    """Ends the test. CI does not skip."""
    print(f"{'failed' if CI else 'skipped'}: {reason}", flush=True)
    sys.exit(1 if CI else 77)


def kafka(verb, folder, *arguments, check=True):
    done = subprocess.run([SOURCE / "scripts" / "kafka", verb, "--dir", folder, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode == UNAVAILABLE and verb == "start":
        skip(done.stderr.strip())
    if check and done.returncode != 0:
        raise AssertionError(f"scripts/kafka {verb}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def storecast(*arguments, code=0, environment=None):
    """Runs the program. Another exit code than `code` fails (None: any will do)."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=300, env=environment_with(environment))
    if code is not None and done.returncode != code:
        raise AssertionError(f"storecast {' '.join(map(str, arguments))}: exit code {done.returncode}, not {code}\n{done.stdout}{done.stderr}")
    return done


class Cluster:
    """One or three brokers of a test's own; gone with the `with` block, or with the test's process."""

    def __init__(self, *options, folder=None):
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="storecast-kafka-"))
        self.options = options

    def __enter__(self):
        self.servers = kafka("start", self.folder, "--port", "auto", "--with", os.getpid(), *self.options).stdout.strip()
        # (each learns of the others a moment after it says that it has started)
        servers = self.servers.split(",")
        for server in servers:
            until(lambda: f"{len(servers)} broker" in storecast("topics", "list", "--broker", server).stdout, f"{server} to know of all brokers")
        return self

    def __exit__(self, *unused):
        kafka("remove", self.folder, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        """Brings back what was stopped or killed."""
        kafka("start", self.folder)

    def stop(self, *arguments):
        kafka("stop", self.folder, *arguments)

    def kill(self, *arguments):
        kafka("kill", self.folder, *arguments)

    def pause(self, *arguments):
        kafka("pause", self.folder, *arguments)

    def resume(self, *arguments):
        kafka("resume", self.folder, *arguments)

    def tool(self, *arguments):
        return kafka("tool", self.folder, *arguments).stdout


def transact(servers, topic, partition, name, verb, count, shift_ms=0):
    """Records in a transaction that is committed, aborted, or held open by the process returned; or any offset of a group (transact.c)."""
    child = subprocess.Popen([BUILD / "tests" / "broker_transact", servers, topic, str(partition), name, verb, str(count), str(shift_ms)],
                             stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
    with child.stdout:
        said = child.stdout.readline()
    if said.strip() != ("open" if verb == "hold" else verb):
        raise AssertionError(f"broker_transact {verb} failed: {said}")
    if verb != "hold":
        child.wait()
    return child


def bare_reading(servers, topic, partitions):
    """A consumer that only counts (consume.c): records, deletions among them, seconds."""
    done = subprocess.run([BUILD / "tests" / "broker_consume", servers, topic, str(partitions)], capture_output=True, text=True, timeout=900)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    records, _, seconds, deletions = done.stdout.split()
    return int(records), int(deletions), float(seconds)


def shared_servers():
    """Of the cluster that ctest's fixture has started, or that STORECAST_BROKERS names."""
    given = os.environ.get("STORECAST_BROKERS")
    if given:
        return given
    try:
        facts = dict(line.split("=", 1) for line in (BUILD / "kafka" / "cluster").read_text().split())
    except FileNotFoundError:
        skip("there is no shared Kafka (ctest starts it; by hand: tests/broker/shared_kafka.sh start, or set STORECAST_BROKERS)")
    return ",".join(f"127.0.0.1:{int(facts['port']) + i}" for i in range(int(facts["brokers"])))


class Corner:
    """A corner of a cluster: a topic prefix and a group that no other test has, as options of the program."""

    def __init__(self, servers=None):
        self.servers = servers or shared_servers()
        self.prefix = self.group = f"t{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self.options = ["-X", f"kafka.bootstrap.servers={self.servers}", "-X", f"topics.prefix={self.prefix}", "-X", f"group.id={self.group}"]

    def topic(self, name):
        return f"{self.prefix}.{name}"

    def tool(self, *arguments):
        """Kafka's own tools, on whatever cluster this is: `topics --list`, `configs --describe ...`."""
        return kafka("tool", BUILD / "kafka", *arguments).stdout

    def obey(self, line):
        """Runs what a finding tells to run: kafka-NAME.sh --bootstrap-server SERVERS ..., or storecast ..."""
        program, *arguments = shlex.split(line)
        if program == "storecast":
            return storecast(*arguments).stdout
        name = re.fullmatch(r"kafka-(?:consumer-)?(\w+)\.sh", program)[1]
        assert arguments[:2] == ["--bootstrap-server", self.servers], line
        return self.tool(name, *arguments[2:])

    def storecast(self, command, *arguments, **options):
        return storecast(*command.split(), *arguments, *self.options, **options)
