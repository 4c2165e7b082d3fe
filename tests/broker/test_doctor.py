"""storecast doctor on a real cluster: content with a sound one, and a line for every thing that is wrong."""
import pathlib
import subprocess
import tempfile
import time
import unittest

from cluster import BUILD, SOURCE, Corner, die_with_parent, storecast, transact, until

GOLDEN = SOURCE / "tests" / "golden" / "messages" / "messages.tsv"
HOUR_MS = 3600 * 1000


class Doctor(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.corner = Corner()
        self.corner.storecast("topics create --partitions 2")

    def doctor(self, *arguments, wrong=(), notes=("has no members",), **options):
        """Runs it; the findings are exactly these, each with the words that it must have."""
        done = self.corner.storecast("doctor", *arguments, code=1 if wrong else 0, **options)
        found = done.stdout.splitlines()
        for kind, expected in (("wrong", wrong), ("note", notes)):
            lines = [line for line in found if line.startswith(f"{kind}: ")]
            self.assertEqual(len(lines), len(expected), done.stdout)
            for words in expected:
                self.assertEqual(sum(words in line for line in lines), 1, f"{words}\n{done.stdout}")
        for line in found:
            self.assertRegex(line, r"^(wrong|note): .+: .+ \(run: .+\)$|^sound: ")
        self.assertEqual(found[-1].startswith("sound: "), not wrong)

    def kcat(self, *arguments, text=None, data=None):
        done = subprocess.run(["kcat", "-b", self.corner.servers, *map(str, arguments)], input=data or (text or "").encode(), capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def send(self, topic, partition, key, data, *more):
        """One record, its value as it is."""
        file = self.folder / "value"
        file.write_bytes(data)
        self.kcat("-P", "-t", self.corner.topic(topic), "-p", partition, "-k", key, *more, file)

    def configure(self, topic, setting):
        self.corner.tool("configs", "--alter", "--entity-type", "topics", "--entity-name", self.corner.topic(topic), "--add-config", setting)

    def send_sales(self):
        self.corner.storecast("simulate --stores 6 --years .1 --seed 3 --send")

    def read_all(self, *more):
        """As the workers' group, which commits."""
        self.kcat("-G", self.corner.group, self.corner.topic("sales-updates"), "-e", "-q", "-X", "auto.offset.reset=earliest", "-X", "session.timeout.ms=6000", *more)

    def golden(self, name):
        return bytes.fromhex(next(line for line in GOLDEN.read_text().splitlines() if line.startswith(name + "\t")).split("\t")[2])

    # ---- one after the other

    def test_empty_topics_are_sound(self):
        self.doctor()

    def test_sales_that_are_read_are_sound_and_those_that_wait_are_lag(self):
        self.send_sales()
        self.doctor("--patience", 3600)
        time.sleep(1.1)
        self.doctor("--patience", 1, wrong=["wait for group"], notes=[])
        self.read_all()
        self.doctor("--patience", 1)

    def test_a_missing_topic_and_a_wrong_policy(self):
        self.corner.tool("topics", "--delete", "--topic", self.corner.topic("forecast-requests"))
        self.configure("state", "cleanup.policy=delete")
        until(lambda: "missing" in self.corner.storecast("doctor", code=1).stdout, "the topic's end")
        self.doctor(wrong=["forecast-requests is missing", "cleanup.policy=delete, not compact"])

    def test_keys_in_another_partition(self):
        self.send_sales()
        key, value = (self.kcat("-C", "-t", self.corner.topic("sales-updates"), "-p", 0, "-o", 0, "-c", 1, "-e", "-q", "-D", "", "-f", form) for form in ("%k", "%s"))
        self.doctor("--patience", 3600)
        self.send("sales-updates", 1, key.decode(), value)
        self.doctor("--patience", 3600, wrong=["in another partition than their key's"])
        self.doctor("--patience", 3600, "-X", "input.partitioner=any")

    def test_keys_that_are_not_the_store(self):
        value = self.golden("sales_update sale")  # of store 7
        for partition in (0, 1):
            self.send("sales-updates", partition, "8", value)
        self.doctor("--patience", 3600, wrong=["is not their store (key 8)", "another partition"])

    def test_records_that_nobody_can_read(self):
        self.kcat("-P", "-t", self.corner.topic("sales-updates"), "-X", "partitioner=murmur2_random", "-K", ":", text="7:hello\n")
        self.doctor("--patience", 3600, wrong=["1 of 1 records looked at cannot be read"])

    def test_a_producer_whose_clock_is_ahead_of_ours(self):
        topic = self.corner.topic("sales-updates")
        self.configure("sales-updates", f"message.timestamp.after.max.ms={24 * HOUR_MS}")  # (Kafka 4 takes one hour, Kafka 3 anything)
        transact(self.corner.servers, topic, 0, self.corner.group, "commit", 1, shift_ms=3 * HOUR_MS)
        self.read_all()
        self.doctor("-X", "input.partitioner=any",  # (what transact sends are no sales)
                    wrong=["come from the future, by up to 2 h: the clock of their producer", "cannot be read"])

    def test_a_broker_whose_clock_is_ahead_of_ours(self):
        self.configure("sales-updates", "message.timestamp.type=LogAppendTime")
        self.send_sales()
        self.read_all()
        self.doctor()
        clock = self.folder / "clock"
        clock.write_text("-7200")
        self.doctor(wrong=["come from the future, by up to 119 min: the clock of their broker is ahead, or that of this machine is behind"],
                    environment={"LD_PRELOAD": str(BUILD / "tests" / "bad_clock.so"), "BAD_CLOCK": str(clock)})

    def test_a_transaction_that_nobody_ends(self):
        topic = self.corner.topic("forecasts")
        transact(self.corner.servers, topic, 1, f"{self.corner.group}-done", "commit", 3)
        holder = transact(self.corner.servers, topic, 1, f"{self.corner.group}-held", "hold", 3)
        self.doctor("--patience", 3600)
        time.sleep(1.1)
        self.doctor("--patience", 1, wrong=["forecasts, partition 1: a transaction has been open since offset 4"])
        holder.kill()
        holder.wait()
        transact(self.corner.servers, topic, 1, f"{self.corner.group}-held", "commit", 1)  # ends the one before
        self.doctor("--patience", 1)

    def test_offsets_of_another_log(self):
        self.send_sales()
        self.read_all()
        transact(self.corner.servers, self.corner.topic("sales-updates"), 1, self.corner.group, "offset", 100000)
        self.doctor(wrong=["wants offset 100000 of"])

    def test_records_dropped_unread(self):
        self.send_sales()
        self.read_all("-c", 5)
        self.configure("sales-updates", "retention.ms=100")
        until(lambda: "were dropped before" in self.corner.storecast("doctor", code=None).stdout, "Kafka's cleaning")
        done = self.corner.storecast("doctor", code=1)
        self.assertIn("keeps sales for 0 h", done.stdout)

    def test_a_stranger_in_the_group(self):
        reader = subprocess.Popen(["kcat", "-b", self.corner.servers, "-G", self.corner.group, "-X", "partition.assignment.strategy=roundrobin",
                                   self.corner.topic("sales-updates")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
        until(lambda: "roundrobin" in self.corner.storecast("doctor", code=None).stdout, "the stranger")
        self.doctor(wrong=['by "roundrobin", not by range'], notes=[])
        reader.kill()
        reader.wait()

    def test_silent_stores_until_they_speak_again(self):
        firing = self.golden("drift_alert firing")
        self.assertEqual(firing[9], 0)  # the kind, behind header, store "7" and no product
        at = firing.index(b"cusum") + len(b"cusum")
        self.assertEqual(firing[at], 0)  # the state
        silent = firing[:9] + b"\x02" + firing[10:]
        self.send("drift-alerts", 0, "7", firing)
        self.doctor()  # it drifts, but speaks
        self.send("drift-alerts", 0, "7", silent)
        self.doctor(wrong=["1 store is silent, the longest since 2012-"])
        self.send("drift-alerts", 0, "7", silent[:at] + b"\x02" + silent[at + 1:])
        self.doctor()

    def test_refused_records_are_a_note(self):
        self.send("dead-letters", 0, "7", b"what it was", "-H", "storecast.error.code=MALFORMED")
        self.doctor(notes=["most as MALFORMED", "has no members"])

    def test_no_cluster_and_the_embedded_broker_are_sentences(self):
        self.assertIn("Connection refused", storecast("doctor", "--broker", "127.0.0.1:1", code=69).stderr)
        broker = subprocess.Popen([BUILD / "storecast", "broker", "--state-dir", self.folder / "state"], stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        address = broker.stdout.readline().strip()
        for command in ("doctor", "topics"):
            done = storecast(command, *(["check"] if command == "topics" else []), "--broker", address, code=78)
            self.assertIn("this is the embedded broker", done.stderr)
        broker.kill()
        broker.wait()
        broker.stdout.close()


if __name__ == "__main__":
    unittest.main()
