"""storecast topics on a real cluster: makes what is missing, tells what differs, and what it says to run mends it."""
import re
import tempfile
import unittest

from cluster import RELEASE, Cluster, Corner, storecast, until

ALL = ["sales-updates", "forecast-requests", "forecasts", "forecast-archive", "forecast-replies", "drift-alerts", "dead-letters",
       "model-events", "state"]


def lines_to_run(text):
    return [re.search(r"\(run: (.*)\)$", line)[1] for line in text.splitlines() if line.startswith(("wrong:", "note:"))]


class Topics(unittest.TestCase):
    def test_create_makes_what_is_missing_and_check_is_content(self):
        corner = Corner()
        missing = corner.storecast("topics check", code=1).stdout
        self.assertEqual(missing.count("is missing"), len(ALL) - 1)  # (the archive is not used)
        corner.obey(lines_to_run(missing)[0])
        self.assertIn("6 partitions each", corner.storecast("topics check").stdout)
        self.assertNotIn("made", corner.storecast("topics create").stdout)
        listed = corner.storecast("topics list").stdout
        for name in ALL:
            self.assertRegex(listed, rf"{corner.topic(name)} +6 +1 ")
        self.assertIn("has 6 partitions already, not 3", corner.storecast("topics create --partitions 3", code=78).stderr)

    def test_a_topic_that_was_lost_comes_back_with_as_many_partitions(self):
        corner = Corner()
        corner.storecast("topics create --partitions 3")
        corner.tool("topics", "--delete", "--topic", corner.topic("forecasts"))
        found = corner.storecast("topics check", code=1).stdout
        self.assertEqual(len(lines_to_run(found)), 1)
        self.assertIn(f"made {corner.topic('forecasts')}: 3 partitions", corner.obey(lines_to_run(found)[0]))
        corner.storecast("topics check")

    def test_what_a_finding_says_to_run_mends_it(self):
        corner = Corner()
        corner.storecast("topics create --partitions 2")
        for topic, setting in (("sales-updates", "cleanup.policy=compact"), ("state", "cleanup.policy=delete"),
                               ("drift-alerts", "cleanup.policy=compact"), ("forecasts", "min.insync.replicas=2"),
                               ("forecast-replies", "max.message.bytes=1000")):
            corner.tool("configs", "--alter", "--entity-type", "topics", "--entity-name", corner.topic(topic), "--add-config", setting)
        found = corner.storecast("topics check", code=1).stdout
        self.assertEqual(sorted(line.split(":")[0] for line in found.splitlines()), ["note"] + ["wrong"] * 4, found)
        for line in lines_to_run(found):
            corner.obey(line)
        self.assertEqual(corner.storecast("topics check").stdout.count("\n"), 1)

    def test_another_count_of_partitions_is_told_and_mended(self):
        corner = Corner()
        corner.storecast("topics create --partitions 2")
        corner.tool("topics", "--alter", "--topic", corner.topic("state"), "--partitions", "5")
        found = corner.storecast("topics check", code=1).stdout
        self.assertIn(f"{corner.topic('state')} has 5 partitions, {corner.topic('sales-updates')} has 2", found)
        delete, create = lines_to_run(found)[0].removeprefix("while no worker runs, and if nothing in it is needed: ").split("; ")
        corner.obey(delete)
        corner.obey(create)
        corner.storecast("topics check")

    def test_no_broker_no_cluster_and_a_bad_word_are_sentences(self):
        for arguments, code, sentence in ((["topics", "check", "--broker", "127.0.0.1:1"], 69, "Connection refused"),
                                          (["topics", "check"], 78, "kafka.bootstrap.servers"), (["topics", "mend"], 64, "'mend'")):
            done = storecast(*arguments, code=code)
            self.assertIn(sentence, done.stderr)


class ThreeBrokersWithRights(unittest.TestCase):
    """One cluster for all of it: starting three brokers takes a while."""

    def test_replicas_rights_and_a_dead_broker(self):
        with Cluster("--brokers", "3", "--secure") as cluster:
            corner = Corner(cluster.servers)
            corner.storecast("topics create --partitions 2")
            # (the broker that is asked now may learn of a new topic after the one that create asked)
            until(lambda: all(re.search(rf"{corner.topic(name)} +2 +3 ", corner.storecast("topics list").stdout) for name in ALL),
                  "every topic with its 2 partitions on 3 brokers")
            self.assert_user_is_told(cluster, corner)
            alone = Corner(cluster.servers)
            alone.storecast("topics create --partitions 3 --replication 1")
            until(lambda: all(re.search(rf"{alone.topic(name)} +3 +1 ", alone.storecast("topics list").stdout) for name in ALL), "topics of one replica")
            # (the first question about a group makes Kafka's topic of offsets, for which it wants all three)
            until(lambda: "sound: " in corner.storecast("doctor", code=None).stdout, "a coordinator for the group")
            cluster.kill("--node", 2)
            self.assertEqual(corner.storecast("topics check").stdout.count("\n"), 1)  # two of three are enough
            until(lambda: "no broker leads" in alone.storecast("topics check", code=None).stdout, "partitions without a leader")
            with tempfile.TemporaryDirectory() as state:  # not for good: start me again
                self.assertIn("until a broker with their data is back", alone.storecast("worker --state-dir", state, code=69).stderr)
            # (who coordinates the group may have been on it: somebody else does after some seconds)
            until(lambda: "sound: " in corner.storecast("doctor", code=None).stdout, "doctor to find the group's coordinator")
            # A sale is sent, and read back, while the one that led some partitions is gone.
            corner.storecast("simulate --stores 2 --years .1 --seed 3 --send")
            self.assertIn("Complete", corner.storecast("tail sales-updates").stdout)

    def assert_user_is_told(self, cluster, corner):
        port = int(cluster.servers.split(",")[0].split(":")[1]) + 20
        user = ["-X", f"kafka.bootstrap.servers=127.0.0.1:{port}", "-X", "kafka.security.protocol=sasl_ssl", "-X", "kafka.sasl.mechanism=SCRAM-SHA-256",
                "-X", f"kafka.ssl.ca.location={cluster.folder}/tls/ca.pem", "-X", "kafka.sasl.username=worker", "-X", f"topics.prefix={corner.prefix}"]
        if not RELEASE.startswith("3."):  # SCRAM needs librdkafka 2.6.1 there, which is told
            lost = storecast("topics", "check", *user, "-X", "kafka.sasl.password=worker-secret", code=None)
            self.assertTrue(lost.returncode != 69 or "kafka.sasl.mechanism=PLAIN" in lost.stderr, lost.stderr)
            user += ["-X", "kafka.sasl.mechanism=PLAIN"]
        wrong = storecast("topics", "check", *user, "-X", "kafka.sasl.password=guess", code=69)
        self.assertIn("uthentication", wrong.stderr)
        right = [*user, "-X", "kafka.sasl.password=worker-secret"]
        self.assertIn("this user may not see it", storecast("topics", "check", *right, code=1).stdout)
        self.assertIn("refused", storecast("topics", "create", *right, code=78).stderr)
        allow = ("acls", "--add", "--allow-principal", "User:worker", "--topic", corner.prefix, "--resource-pattern-type", "prefixed", "--operation")
        cluster.tool(*allow, "Describe")
        # (a right takes a moment to reach every broker)
        until(lambda: storecast("topics", "list", *right).stdout.count("may not read it") == len(ALL), "topics that are seen, but not their settings")
        storecast("topics", "check", *right)
        cluster.tool(*allow, "DescribeConfigs")
        until(lambda: "may not read it" not in storecast("topics", "list", *right).stdout, "settings that are seen")


if __name__ == "__main__":
    unittest.main()
