"""`storecast bench kafka` with few sales: it prints its table, with the ratios of what it measured. How fast it is, is not judged."""
import re
import unittest

from cluster import shared_servers, storecast

SMALL = ("--stores", "8", "--products", "2", "--history", "4", "--weeks", "1", "--runs", "1", "--closes", "2", "--partitions", "2")


class Bench(unittest.TestCase):
    def test_it_prints_rates_ratios_and_how_soon_a_forecast_is_seen(self):
        text = storecast("bench", "kafka", "-X", f"kafka.bootstrap.servers={shared_servers()}", *SMALL).stdout
        sales, written = map(int, re.search(r"^backlog: (\d+) sales of 1 weeks, .* after 4 weeks of history; (\d+) records", text, re.M).groups())
        self.assertGreater(sales, 300)
        self.assertGreater(written, 2 * 8 * 2, "every series has at least a cell and a forecast")
        bare, worker = (int(re.search(rf"^  {name} +(\d+) +[1-9]\d* +\1$", text, re.M)[1]) for name in ("bare librdkafka loop", "worker"))
        ratio = float(re.search(r"^  worker / bare loop: ([\d.]+)$", text, re.M)[1])
        self.assertAlmostEqual(ratio, worker / bare, delta=.01 + .001 * ratio)
        self.assertNotIn("Streams", text)
        self.assertIn("45 stores, 2 weeks, 4 sets\n", text)
        middle, most, share = re.search(r"^  median (\d+) ms, 99th percentile (\d+) ms; median / batch.max.ms \(100\): ([\d.]+)$", text, re.M).groups()
        self.assertTrue(0 < int(middle) <= int(most), text)
        self.assertAlmostEqual(float(share), int(middle) / 100, delta=.01)

    def test_what_it_needs_it_asks_for_first(self):
        self.assertIn("scripts/bench/kafka starts one", storecast("bench", "kafka", code=78).stderr)
        self.assertIn("there is only", storecast("bench", "cafe", code=64).stderr)
        self.assertIn("is not compiled there", storecast("bench", "kafka", "--streams", "/nonexistent", code=78).stderr)


if __name__ == "__main__":
    unittest.main()
