"""scripts/kafka: a newcomer's and the tests' Kafka. Data outlive a kill, a pause is no end, mistakes are sentences."""
import os
import subprocess
import time
import unittest

from cluster import PROGRAM, Cluster, environment_with, kafka


def kcat(servers, *arguments, text=None):
    done = subprocess.run(["kcat", "-b", servers, *arguments], input=text, capture_output=True, text=True, timeout=60)
    return done.stdout if done.returncode == 0 else None


class OneBroker(unittest.TestCase):
    def test_it_keeps_its_data_and_its_address_over_a_kill(self):
        with Cluster() as cluster:
            cluster.tool("topics", "--create", "--topic", "a", "--partitions", "2")
            self.assertIsNotNone(kcat(cluster.servers, "-P", "-t", "a", "-p", "1", "-X", "acks=all", text="sold\n"))
            self.assertIn("running", kafka("status", cluster.folder).stdout)
            cluster.kill()
            self.assertIn("stopped", kafka("status", cluster.folder, check=False).stdout)
            again = kafka("start", cluster.folder)
            self.assertEqual(again.stdout.strip(), cluster.servers)
            self.assertEqual(kcat(cluster.servers, "-C", "-t", "a", "-e", "-q"), "sold\n")

            cluster.pause()
            self.assertIn("paused", kafka("status", cluster.folder).stdout)
            self.assert_no_answer(cluster)
            cluster.resume()
            self.assertEqual(kcat(cluster.servers, "-C", "-t", "a", "-e", "-q"), "sold\n")

            for arguments, code, sentence in ((("start", "--port", "9092"), 73, "take another --dir"), (("stop", "--node", "2"), 64, "no node 2"),
                                              (("start", "--brokers", "2"), 64, "1 or 3"), (("start", "--bogus"), 64, "--bogus")):
                done = kafka(arguments[0], cluster.folder, *arguments[1:], check=False)
                self.assertEqual((done.returncode, sentence in done.stderr), (code, True), done.stderr)
            port = cluster.servers.split(":")[1]
            other = kafka("start", f"{cluster.folder}-2", "--port", port, check=False)
            self.assertEqual((other.returncode, "in use" in other.stderr), (73, True), other.stderr)
            os.rmdir(f"{cluster.folder}-2")
            self.assertEqual(kafka("status", f"{cluster.folder}-2", check=False).returncode, 69)

    def assert_no_answer(self, cluster):
        """All at the same time, because each waits for its time-out; none waits for ever."""
        commands = (("doctor",), ("topics", "check"), ("topics", "create"), ("tail", "forecasts"))
        children = [subprocess.Popen([PROGRAM, *command, "-X", f"kafka.bootstrap.servers={cluster.servers}"], stdout=subprocess.DEVNULL,
                                     stderr=subprocess.PIPE, text=True, env=environment_with({})) for command in commands]
        for command, child in zip(commands, children):
            said = child.communicate(timeout=120)[1]
            self.assertEqual(child.returncode, 69, f"{command}: {said}")
            self.assertRegex(said, "^storecast: .*Kafka: .*(no broker answers|imed out)")

    def test_it_ends_with_the_process_it_was_started_for(self):
        with Cluster() as cluster:
            friend = subprocess.Popen(["sleep", "1000"])
            cluster.stop()
            kafka("start", cluster.folder, "--with", friend.pid)
            friend.kill()
            friend.wait()
            end = time.monotonic() + 60
            while "running" in kafka("status", cluster.folder, check=False).stdout:
                self.assertLess(time.monotonic(), end)
                time.sleep(.2)


if __name__ == "__main__":
    unittest.main()
