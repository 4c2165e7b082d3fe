#!/usr/bin/env python3
"""An allocation of the worker's own code fails, at seeded places from its first to its last: the same forecasts and state as without,
if need be after an end with a sentence and a restart. STORECAST_ALLOCATIONS=all (or a number) lets every one of them fail, in an hour."""
import os
import pathlib
import random
import sys
import unittest

sys.dont_write_bytecode = True  # beside the sources
from faults import OPTIONS, PARTITIONS, Undisturbed, in_parallel
from stream import Stream, is_instrumented

LIBRARY = pathlib.Path(os.environ["STORECAST_BUILD"]) / "tests" / "bad_memory.so"
SEED = int(os.environ.get("STORECAST_SEED", "1"))
CASES = os.environ.get("STORECAST_ALLOCATIONS", "60")


def worker_without_memory(stream, nth, *more):
    stream.start_worker(wrapper=("env", f"LD_PRELOAD={LIBRARY}", f"BAD_MEMORY={nth}", *more))


def with_failing_allocation(nth):
    """How often the worker ended."""
    with Stream(PARTITIONS, *OPTIONS) as stream:
        worker_without_memory(stream, nth)
        ends = undisturbed.replay_through(stream, f"allocation {nth}")
        undisturbed.check(stream, f"allocation {nth}")
        return ends


def count_allocations(of_start):
    with Stream(PARTITIONS, *OPTIONS) as stream:
        count = stream.path / "count"
        worker_without_memory(stream, 0, f"BAD_MEMORY_COUNT={count}")
        if not of_start:
            stream.replay(undisturbed.sales)
        stream.stop_worker()
        return int(count.read_text())


class Allocations(unittest.TestCase):
    def test_every_kind_of_failing_allocation(self):
        chance = random.Random(SEED)
        start, total = count_allocations(True), count_allocations(False)
        of_start, later = range(1, start + 1), range(start + 1, total)
        half = total if CASES == "all" else int(CASES) // 2
        cases = chance.sample(of_start, min(half, len(of_start))) + chance.sample(later, min(half, len(later)))
        ends = sum(in_parallel(with_failing_allocation, cases))
        print(f"seed {SEED}: {len(cases)} of {total} allocations failed ({start} of them belong to the start), {ends} ends with a sentence")
        self.assertGreater(ends, len(cases) // 4)


if __name__ == "__main__":
    if is_instrumented():
        print("skipped: a sanitizer has an allocator of its own, which this one would replace")
        sys.exit(77)
    undisturbed = Undisturbed()
    try:
        unittest.main()
    finally:
        undisturbed.close()
