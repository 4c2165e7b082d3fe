#!/usr/bin/env python3
"""Files of sales from outside: every kind in every command, stream equals batch for products, and files that mean harm."""
import csv
import datetime
import io
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True  # beside the sources
from stream import PROGRAM, SHARED

DATA = 65
SECONDS_MAX = 100
MEMORY_MAX = 400 << 20  # address space; a plain forecast takes less than half
KAGGLE = SHARED / "data" / "walmart"
RETAIL = SHARED / "data" / "retail-transactions" / "retail_sales_dataset.csv"
FIRST = datetime.date(2020, 1, 3)


def limit_memory():
    if not is_sanitized():  # sanitizers reserve address space without end
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))


def is_sanitized():
    return b"__asan_init" in pathlib.Path(PROGRAM).read_bytes() or b"__tsan_init" in pathlib.Path(PROGRAM).read_bytes()


def run(*arguments, **options):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=SECONDS_MAX, **options)


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="storecast-test-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)

    def write(self, name, content):
        path = self.path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def good(self, *arguments, **options):
        done = run(*arguments, **options)
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stderr}")
        return done

    def need(self, path):
        if not path.exists():
            reason = f"{path} is not here (set STORECAST_SHARED)"
            self.fail(reason) if os.environ.get("CI") == "true" else self.skipTest(reason)
        return path


class Kinds(Files):
    def transactions(self, header="Transaction ID,Date,Customer ID,Product Category,Quantity,Price per Unit,Total Amount"):
        lines = [header]
        for day in range(400):
            date = datetime.date(2022, 1, 3) + datetime.timedelta(days=day)
            category, price = (("Beauty", "25.0"), ("Toys", "30"))[day % 2]
            lines.append(f"{day},{date},CUST{day},{category},{1 + day % 3},{price},{(1 + day % 3) * float(price)}")
        return self.write("t.csv", "\n".join(lines) + "\n")

    def test_products_of_category_and_price(self):
        path = self.transactions()
        found = rows(self.good("forecast", path, "--product-from", "category,price", "--horizon", 4, "--format", "csv").stdout)
        self.assertEqual({r["series"] for r in found}, {"all/Beauty:25", "all/Toys:30"})
        self.assertEqual(len(found), 8)
        self.assertEqual({r["series"] for r in rows(self.good("forecast", path, "--store-name", "Main St", "--format", "csv").stdout)}, {"Main St"})
        self.assertEqual({r["level"] for r in rows(self.good("backtest", path, "--product-from", "category", "--format", "csv").stdout)}, {"product"})
        told = self.good("forecast", path, "--product-from", "category,price", "--level", "store", "--format", "csv").stdout
        self.assertEqual({r["series"] for r in rows(told)}, {"all"})
        self.assertNotIn("CUST", told)

    def test_the_retail_transactions(self):
        found = rows(self.good("forecast", self.need(RETAIL), "--product-from", "category,price", "--horizon", 4, "--format", "csv").stdout)
        self.assertEqual(len({r["series"] for r in found}), 15)
        self.assertEqual(len(found), 60)
        self.assertEqual({r["last_date"] for r in found if r["h"] == "1"}, {"2024-01-07"})

    def test_features_and_stores_are_checked_and_told_on_stderr(self):
        sales = self.write("s.csv", "Store,Dept,Date,Weekly_Sales,IsHoliday\n" + "".join(
            f"1,7,{FIRST + datetime.timedelta(weeks=w)},{100 + w},FALSE\n" for w in range(20)))
        features = self.write("features.csv", "Store,Date,CPI,IsHoliday\n1,2020-01-03,NA,FALSE\n")
        stores = self.write("stores.csv", "Store,Type,Size\r1,A,5\r")
        done = self.good("forecast", sales, "--features", features, "--stores", stores, "--format", "csv")
        self.assertEqual(done.stdout, self.good("forecast", sales, "--format", "csv").stdout)
        self.assertIn("19 of 20 stores and dates of the sales are missing; checked, but no model uses it yet", done.stderr)
        self.assertIn("1 rows, 1 stores, 2 columns; all 1 stores of the sales are there", done.stderr)
        bad = run("backtest", sales, "--stores", self.write("bad.csv", "Store,Type\n1,A\n1,B\n"))
        self.assertEqual((bad.returncode, bad.stdout), (DATA, ""))
        self.assertIn("bad.csv:3: column Store: '1' comes twice", bad.stderr)

    def test_levels_add_up(self):
        lines = ["store,dept,item,date,weekly_sales"]
        for w in range(30):
            date = FIRST + datetime.timedelta(weeks=w)
            lines += [f"1,a,x,{date},{10 + w % 5}", f"1,a,y,{date},{-1 if w % 9 == 0 else 5}", f"1,b,z,{date},7"]
        path, wholes = self.write("s.csv", "\n".join(lines)), self.write("w.csv", "\n".join(
            ["store,date,weekly_sales"] + [f"1,{FIRST + datetime.timedelta(weeks=w)},{17 + w % 5 + (-1 if w % 9 == 0 else 5)}" for w in range(30)]))
        for level, names in (("store", {"1"}), ("department", {"1/a", "1/b"}), ("product", {"1/x", "1/y", "1/z"})):
            found = rows(self.good("backtest", path, "--level", level, "--by-series", "--format", "csv").stdout)
            self.assertEqual({r["series"] for r in found}, names | {"all"})
            self.assertEqual({r["level"] for r in found}, {level})
        self.assertEqual(self.good("backtest", path, "--format", "csv").stdout, self.good("backtest", wholes, "--format", "csv").stdout)


class Equal(Files):
    """Products read back from the topics have the numbers of backtest."""

    def forecasts(self, path, origins):
        with open(path) as file:
            next(file)
            return {key: float(value) for key, _, value in (line.rpartition(",") for line in file) if int(key.partition(",")[0]) in origins}

    def check(self, sales, partitions, *options, products=True):
        files = self.path / "stream.csv", self.path / "batch.csv"
        self.good("demo", "--sales", sales, "--partitions", partitions, "--forecasts", files[0], "-X", "http.port=0", *options)
        self.good("backtest", sales, "--level", "product" if products else "store", "--partitions", partitions, "--origins", 400,
                  "--forecasts", files[1], *options)
        batch = self.forecasts(files[1], range(1, 1000))
        stream = self.forecasts(files[0], {int(key.partition(",")[0]) for key in batch})
        self.assertGreater(len(batch), 1000)
        self.assertEqual(batch.keys() - stream.keys(), set())
        far = {key: (stream[key], value) for key, value in batch.items() if not abs(stream[key] - value) <= 1e-9 * abs(value)}
        self.assertEqual(far, {})
        return batch

    def cut(self):
        """3 stores x 10 departments x 100 weeks: six whole ones each, and four with gaps, late starts or early ends."""
        with open(self.need(KAGGLE / "train.csv")) as file:
            header, *lines = csv.reader(file)
        series = {}
        for line in lines:
            week = (datetime.date.fromisoformat(line[2]) - datetime.date(2010, 2, 5)).days // 7
            if line[0] in ("1", "2", "36") and week < 100:
                series.setdefault(line[0], {}).setdefault(int(line[1]), []).append(line)
        kept = []
        for store in series.values():
            whole = [d for d in sorted(store) if len(store[d]) == 100][:6]
            torn = [d for d in sorted(store) if len(store[d]) < 100][:4]
            self.assertEqual(len(whole + torn), 10)
            kept += [",".join(line) for d in whole + torn for line in store[d]]
        self.assertTrue(any(line.split(",")[3].startswith("-") for line in kept), "no total below zero")
        return self.write("cut.csv", "\n".join([",".join(header), *kept]) + "\n")

    def test_departments_with_gaps_and_totals_below_zero(self):
        path = self.cut()
        for partitions in (1, 2):
            self.assertEqual(len({key.split(",")[1] for key in self.check(path, partitions)}), 30)
        self.check(path, 1, products=False)  # totals of stores are sums there too

    def test_a_series_that_begins_when_all_others_are_there_already(self):
        lines = ["store,date,weekly_sales"]
        for store, begin in (("a", 0), ("b", 0), ("z", 30)):
            lines += [f"{store},{FIRST + datetime.timedelta(weeks=w)},{1000 + (w * 37 + ord(store)) % 113}" for w in range(begin, 60)]
        batch = self.check(self.write("late.csv", "\n".join(lines)), 1, products=False)
        self.assertIn("31,z,1,naive", batch)

    def test_transactions(self):
        path = self.need(RETAIL)
        self.check(path, 1, "--product-from", "category,price")


class Hostile(Files):
    def refused(self, path, sentence, *more):
        for command in (("forecast",), ("backtest",)):
            done = run(*command, path, *more, preexec_fn=limit_memory)
            self.assertEqual((done.returncode, done.stdout), (DATA, ""), done.stderr[:500])
            self.assertRegex(done.stderr, r"\Astorecast: [^\n]+\n\Z")
            self.assertIn(sentence, done.stderr)

    def test_files_that_mean_harm(self):
        head = b"store,date,amount\n"
        row = b"1,2024-01-01,1\n"
        for name, content, sentence in (
                ("line", b"x" * (50 << 20), ":1: field 1: the record is longer than 1 MiB"),
                ("value", head + row + b"1,2024-01-01," + b"9" * (50 << 20), ":3: field 3: the record is longer than 1 MiB"),
                ("nul", head + row + b"1,2024\0,1\n", ":3: field 2: it has a NUL byte"),
                ("quote", head + b'1,"2024-01-01,1\n' + row * 300000, ":2: field 2: the record is longer than 1 MiB (is a closing quote missing?)"),
                ("short-quote", head + b'1,"2024-01-01,1\n', ":2: field 2: a quote is opened and never closed"),
                ("columns", b"x," * 10 ** 6 + b"\n", ":1: field 1001: the record has more than 1,000 fields"),
                ("row", head + b"1," * 10 ** 6 + b"\n", ":2: field 1001: the record has more than 1,000 fields"),
                ("utf16", ("store,date,amount\n1,2024-01-01,1\n").encode("utf-16"), ":1: it is UTF-16 (save it as UTF-8)"),
                ("utf16be", ("store,date,amount\n1,2024-01-01,1\n").encode("utf-16-be"), ":1: it is UTF-16"),
                ("huge", head + b"1,2024-01-01,1e999\n", ":2: column amount: '1e999' is too large"),
                ("comma", head + b'1,2024-01-01,"12,5"\n', ":2: column amount: '12,5' is not a number (a decimal comma?"),
                ("orders", head + b"1,31/01/2024,1\n1,01/31/2024,1\n", ":3: column date: line 2 writes the day first, line 3 the month"),
                ("twice", b"store,date,amount,Amount\n" + row, ":1: field 4: it has two columns named amount"),
                ("empty", b"", ": the file is empty"), ("blank", b"\n\n\r\r\n", ": the file is empty"), ("header", head, ": no row has a value"),
                ("latin1", head + "Köln,2024-01-01,1\n".encode("latin-1"), ":2: column store: '...' is not UTF-8")):
            with self.subTest(name):
                self.refused(self.write(name, content), name + sentence)

    def test_files_that_only_look_strange(self):
        plain = "store,date,amount\n" + "".join(f"1,{FIRST + datetime.timedelta(weeks=w)},{1000 + w}.5\n" for w in range(30))
        expected = self.good("forecast", self.write("plain", plain), "--format", "csv").stdout
        semicolons = plain.replace(",", ";").replace(".5", ",5")
        for name, content in (("bom", b"\xef\xbb\xbf" + plain.encode()), ("cr", plain.replace("\n", "\r")), ("crlf", plain.replace("\n", "\r\n")),
                              ("cut", plain[:-1]), ("comma", semicolons),
                              ("groups", re.sub(r";(\d)(\d{3}),5", r";\1.\2,5", semicolons)),
                              ("newest", "\n".join([plain.split("\n")[0], *reversed(plain.split("\n")[1:-1])]))):
            with self.subTest(name):
                self.assertEqual(self.good("forecast", self.write(name, content), "--format", "csv").stdout, expected)

    def test_a_pipe_is_read_and_one_without_a_writer_is_refused(self):
        plain = "store,date,amount\n" + "".join(f"1,{FIRST + datetime.timedelta(weeks=w)},{1000 + w}\n" for w in range(30))
        expected = self.good("forecast", self.write("plain", plain), "--format", "csv").stdout
        self.assertEqual(self.good("forecast", "-", "--format", "csv", input=plain).stdout, expected)
        self.assertEqual(self.good("forecast", "/dev/stdin", "--format", "csv", input=plain).stdout, expected)
        os.mkfifo(self.path / "fifo")
        done = run("forecast", self.path / "fifo")
        self.assertEqual((done.returncode, done.stdout), (DATA, ""))
        self.assertIn("fifo: it is a pipe, and nobody wrote into it for 5 s (save the data to a file)", done.stderr)

    def test_endless_devices_are_refused(self):
        self.refused("/dev/zero", "/dev/zero:1: field 1: it has a NUL byte")
        self.refused("/dev/null", "/dev/null: the file is empty")
        self.refused(self.path, "Is a directory (name a file in it)")


if __name__ == "__main__":
    if not PROGRAM:
        print("skipped: STORECAST_BIN is not set")
        sys.exit(77)
    unittest.main()
