"""Every row of the metrics table is set somewhere, and every metric named in monitoring/ is in the table."""
import os
import re
import sys
from pathlib import Path

root = Path(os.environ.get("STORECAST_SOURCE", Path(__file__).resolve().parents[3]))
app = root / "src" / "app"
table = (app / "metrics.h").read_text()
rows = re.findall(r'^    X\((\w+), (?:COUNTER|GAUGE|HISTOGRAM), "(\w+)"', table, re.M)
code = "".join(p.read_text() for p in app.glob("*.c"))
# 0 until there are covariates (its row says so).
constant = {"INPUT_COLUMNS"}

problems = [f"{name} is in the table and never set" for id, name in rows
            if id not in constant and not re.search(rf"\bMETRIC_{id}\b", code)]
names = {name for _, name in rows} | {f"storecast_{n}_total" for n in re.findall(
    r"^    X\((\w+), ", (root / "src" / "engine" / "effects.h").read_text(), re.M)}
for path in (root / "monitoring").rglob("*"):
    if path.is_file():
        for used in re.findall(r"\bstorecast_[a-z_]+", path.read_text()):
            if re.sub(r"_(bucket|sum|count)$", "", used) not in names and used not in names:
                problems.append(f"{path.name} names {used}, which is no metric")
assert len(rows) > 30 and not re.search(r"\bMETRIC_NO_SUCH\b", code)
print("\n".join(problems) or f"{len(rows)} metrics, all set")
sys.exit(1 if problems else 0)
