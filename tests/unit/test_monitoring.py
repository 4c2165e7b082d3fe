"""monitoring/prometheus.yml is accepted by promtool and scrapes the address that the worker listens on by default."""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

root = Path(os.environ.get("STORECAST_SOURCE", Path(__file__).resolve().parents[2]))
file = root / "monitoring" / "prometheus.yml"
rows = (root / "src" / "app" / "config_rows.c").read_text()


def default_of(key):
    return re.search(r'\{"' + re.escape(key) + r'",.*?\),\s*"([^"]*)"', rows, re.S).group(1)


address = f'{default_of("http.listen")}:{default_of("http.port")}'
if f'"{address}"' not in file.read_text():
    sys.exit(f"{file.name} does not scrape the worker's default address {address}")
if not shutil.which("promtool"):
    print("skipped: promtool is not installed (scripts/install-deps --test)")
    sys.exit(77)
broken = subprocess.run(["promtool", "check", "config", "/dev/stdin"], input="global: {scrape_intervall: 1s}\n", text=True,
                        capture_output=True)
if broken.returncode == 0:
    sys.exit("promtool accepts a wrong file: the check is blind")
sys.exit(subprocess.run(["promtool", "check", "config", file]).returncode)
