#!/usr/bin/env python3
"""Nothing that connects to the HTTP port harms the worker: others are answered meanwhile, nothing is left behind.

STORECAST_HTTP_REQUESTS says how many requests to count descriptors and memory over (20000; a million takes minutes).
"""
import os
import pathlib
import random
import re
import socket
import sys
import time
import unittest

sys.dont_write_bytecode = True  # beside the sources
from stream import Stream, held_too_long, keep_freed_memory, until

REQUESTS = int(os.environ.get("STORECAST_HTTP_REQUESTS", "20000"))
ANSWER_S = 2
GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"


class TheCheck(unittest.TestCase):
    def test_tells_a_slow_callback_from_a_busy_machine(self):
        line = "2026-01-31T12:00:00.123Z warn slow_callback name=/metrics wall_ms=183 cpu_ms=%d blocked_ms=%d queued_ms=%d\n"
        self.assertEqual(held_too_long("2026-01-31T12:00:00.123Z info worker_running\n" + line % (20, 29, 134)), [])
        for cpu, blocked in ((50, 0), (0, 50), (25, 25), (183, 0)):
            self.assertEqual(len(held_too_long(line % (1, 1, 181) + line % (cpu, blocked, 183 - cpu - blocked))), 1)


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        keep_freed_memory(1)
        cls.stream = Stream(1).__enter__()
        cls.stream.start_worker()
        cls.stream.wait_running()
        cls.port = int(re.search(r"worker_started .* port=(\d+)", cls.stream.log.read_text())[1])
        cls.proc = pathlib.Path("/proc") / str(cls.stream.worker.pid)

    @classmethod
    def tearDownClass(cls):
        try:
            cls.stream.stop_worker()
        finally:
            cls.stream.__exit__()

    def tearDown(self):
        self.assertIsNone(self.stream.worker.poll(), "the worker is dead")
        until(lambda: self.answers(), "an answer after all", 20)
        self.assertEqual(self.stream.held(), "")

    def connect(self, timeout=ANSWER_S):
        s = socket.create_connection(("127.0.0.1", self.port), timeout)
        s.settimeout(timeout)
        return s

    def read_all(self, s):
        out = b""
        try:
            while data := s.recv(65536):
                out += data
        except (ConnectionError, TimeoutError):
            pass
        return out

    def send(self, data):
        """What comes back, until the worker hangs up; empty when it does not answer."""
        with self.connect() as s:
            try:
                s.sendall(data)
            except (ConnectionError, TimeoutError):
                pass
            return self.read_all(s)

    def answers(self):
        try:
            return self.send(GET).startswith(b"HTTP/1.1 200 ")
        except OSError:
            return False

    def descriptors(self):
        return len(list((self.proc / "fd").iterdir()))

    def resident(self):
        return int(re.search(r"VmRSS:\s+(\d+)", (self.proc / "status").read_text())[1]) * 1024

    def test_garbage_is_refused_or_hung_up_on(self):
        chance = random.Random(1)
        lines = [b"", b"\r\n" * 100, b"\0" * 1000, b"GET", b"GET /metrics", b"GET /metrics HTTP/9.9\r\n\r\n", b"GET http:// HTTP/1.1\r\n\r\n",
                 b"GET //// HTTP/1.1\r\n\r\n", b"GET /%00%ff%zz HTTP/1.1\r\n\r\n", b"BREW /metrics HTTP/1.1\r\n\r\n", b"GET /metrics\r\n\r\n",
                 b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET /metrics HTTP/1.1\nHost: x\n\n",
                 b"GET /metrics HTTP/1.1\r\n: empty\r\n\r\n", b"GET /metrics HTTP/1.1\r\nno colon\r\n\r\n", b"GET /metrics HTTP/1.1\r\n folded\r\n\r\n",
                 b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n", b"POST /metrics HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                 b"POST /metrics HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", b"CONNECT x:1 HTTP/1.1\r\n\r\n",
                 b"GET /../../etc/passwd HTTP/1.1\r\n\r\n", b"HEAD /metrics HTTP/1.1\r\n\r\n", b"OPTIONS * HTTP/1.1\r\n\r\n"]
        for line in lines + [chance.randbytes(chance.randrange(1, 3000)) for _ in range(300)]:
            with self.connect(.05) as s:
                try:
                    s.sendall(line)
                    s.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                answer = self.read_all(s)
            self.assertNotIn(b"root:", answer)
        self.assertTrue(self.answers())

    def test_a_smuggled_request_is_never_answered(self):
        hidden = b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n"
        for head in (b"Content-Length: 0\r\nContent-Length: %d\r\n" % len(hidden), b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % len(hidden),
                     b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", b"Transfer-Encoding: xchunked\r\n",
                     b"Transfer-Encoding : chunked\r\n", b"Content-Length: +%d\r\n" % len(hidden), b"Transfer-Encoding: chunked, identity\r\n"):
            for method in (b"GET", b"POST"):
                for body in (hidden, b"0\r\n\r\n" + hidden):
                    answer = self.send(method + b" /healthz HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n" + body)
                    self.assertNotIn(b"librdkafka", answer)
                    self.assertLessEqual(answer.count(b"HTTP/1.1 "), 1, head)

    def test_pipelined_requests_are_answered_once_and_hung_up_on(self):
        answer = self.send(GET * 1000)
        self.assertEqual(answer.count(b"HTTP/1.1 200 "), 1)

    def test_headers_of_twenty_megabytes_are_cut_off(self):
        before = self.resident()
        for start in (b"GET /metrics HTTP/1.1\r\nX: ", b"GET /"):
            with self.connect() as s:
                sent = 0
                try:
                    s.sendall(start)
                    while sent < 20 << 20:
                        s.sendall(b"a" * 65536)
                        sent += 65536
                except OSError:
                    pass
                self.assertLess(sent, 20 << 20)
        with self.connect() as s:
            try:
                s.sendall(b"GET /metrics HTTP/1.1\r\n")
                for i in range(400000):
                    s.sendall(b"X-%d: a\r\n" % i)
                self.fail("400000 headers were taken")
            except OSError:
                pass
        self.assertLess(self.resident() - before, 8 << 20)

    def test_half_closed_connections_get_their_answer(self):
        with self.connect() as s:
            s.sendall(GET)
            s.shutdown(socket.SHUT_WR)
            self.assertTrue(self.read_all(s).startswith(b"HTTP/1.1 200 "))

    def test_those_who_do_not_read_keep_nobody_waiting(self):
        silent = []
        for _ in range(30):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            s.connect(("127.0.0.1", self.port))
            s.sendall(GET)
            silent.append(s)
        for _ in range(20):
            self.assertTrue(self.answers())
        for s in silent:
            s.close()

    def test_five_hundred_idle_connections_and_a_slow_drip_keep_nobody_waiting(self):
        """Once those who hold connections have had their time, which others may have to wait for."""
        before = self.descriptors()
        idle = [self.connect() for _ in range(500)]
        drips = idle[:50]
        began, waits = time.monotonic(), []
        while time.monotonic() - began < 12:
            for s in drips:
                try:
                    s.send(b"G")
                except OSError:
                    pass
            asked = time.monotonic()
            until(self.answers, "an answer between idle connections", 15)
            waits.append(time.monotonic() - asked)
            time.sleep(.1)
        self.assertLess(sorted(waits)[len(waits) // 2], .5)
        until(lambda: self.descriptors() <= before + 3, "idle connections to be cut off", 20)
        for s in idle:
            s.close()

    def test_descriptors_and_memory_stay_flat_over_many_requests(self):
        for _ in range(2000):
            self.send(GET)
        descriptors, resident = self.descriptors(), self.resident()
        began = time.monotonic()
        for i in range(REQUESTS):
            if i % 10 == 9:  # leaves without reading
                with self.connect() as s:
                    s.sendall(GET)
            else:
                self.assertTrue(self.answers())
        until(lambda: self.descriptors() <= descriptors, "descriptors to be given back", 10)
        grown = self.resident() - resident
        print(f"{REQUESTS} requests in {time.monotonic() - began:.0f} s; descriptors {descriptors} -> {self.descriptors()}, "
              f"memory {resident // 1024} -> {(resident + grown) // 1024} KiB")
        self.assertLess(grown, 4 << 20)


if __name__ == "__main__":
    unittest.main()
