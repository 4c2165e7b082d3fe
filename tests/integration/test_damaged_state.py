#!/usr/bin/env python3
"""The state of a stopped worker is damaged: the next start refuses it with a sentence and code 65, or goes on to the same forecasts."""
import os
import pathlib
import random
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True  # beside the sources
from faults import OPTIONS, PARTITIONS, Undisturbed, assert_sound_end, in_parallel
from stream import Sales, Stream, run, until

DATA = 65
PAGE = 4096
SEED = int(os.environ.get("STORECAST_SEED", "1"))
CASES = 40
WEEKS = 10  # of the first half


def damage(path, chance):
    """Changes the file; returns how."""
    data = bytearray(path.read_bytes())
    page = chance.randrange(len(data) // PAGE) * PAGE
    kind = chance.choice(("byte", "byte", "byte", "head", "pointer", "page", "end"))
    if kind == "byte":
        at = page + chance.randrange(PAGE)
        data[at] ^= 1 << chance.randrange(8)
    elif kind == "head":
        at = chance.choice((0, PAGE, page)) + chance.randrange(152)
        data[at] ^= chance.randrange(1, 256)
    elif kind == "pointer":
        at = page + 16 + chance.randrange(60)
        data[at] ^= chance.randrange(1, 256)
    elif kind == "page":
        at = page
        data[at:at + PAGE] = data[(other := chance.randrange(len(data) // PAGE) * PAGE):other + PAGE]
    else:
        at = page + chance.randrange(1, PAGE)
        del data[at:]
    path.write_bytes(data)
    return f"{kind} at {at} ({at % PAGE} of page {at // PAGE})"


def run_in_halves(what, harm=None):
    """Forecasts and state after all; None when the damaged state was refused."""
    with Stream(PARTITIONS, *OPTIONS) as stream:
        stream.start_worker()
        stream.replay(halves[0], "--open")
        stream.stop_worker()
        if harm:
            what += ": " + harm(stream.path / "state" / "data.mdb")
        stream.start_worker()
        replay = stream.start_replay(halves[1])
        until(lambda: stream.worker.poll() is not None or replay.poll() is not None, what)
        if stream.worker.poll() is not None:
            assert_sound_end(stream, what, (DATA,))
            return None
        stream.wait_replay(replay)
        stream.stop_worker()
        results = Undisturbed.results(stream)
        if harm and results != expected:
            raise AssertionError(f"{what}: other forecasts or another state")
        return results


def with_damage(case):
    """Whether it was refused."""
    return run_in_halves(f"case {case}", lambda path: damage(path, random.Random(SEED * 1000 + case))) is None


class DamagedState(unittest.TestCase):
    def test_damage_anywhere_is_refused_or_changes_nothing(self):
        refused = sum(in_parallel(with_damage, range(CASES)))
        print(f"seed {SEED}: {refused} of {CASES} refused")
        self.assertGreater(refused, CASES // 10)
        self.assertLess(refused, CASES)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="storecast-test-") as folder:
        sales, halves = (pathlib.Path(folder) / "sales.csv"), [pathlib.Path(folder) / f"half{i}.csv" for i in range(2)]
        run("simulate", "--stores", 3, "--years", .4, "--out", sales)
        Sales(sales).write(halves[0], weeks=WEEKS)
        Sales(sales).write(halves[1], begin=WEEKS)
        expected = run_in_halves("undamaged")
        unittest.main()
