#!/usr/bin/env python3
"""Too few descriptors: the same forecasts and state as without, or an end with a sentence."""
import os
import pathlib
import re
import socket
import sys
import time
import unittest

sys.dont_write_bytecode = True  # beside the sources
from faults import OPTIONS, PARTITIONS, Undisturbed, assert_sound_end
from stream import Stream, until

CONFIG = 78


class Faults(unittest.TestCase):
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
