"""The option table, config/storecast.properties and the README's list are the same; so are README's commands and help.
`scripts/dev.sh docs` writes both files from the table."""
import os
import re
import subprocess
import sys
from pathlib import Path

root = Path(os.environ["STORECAST_SOURCE"])
program = os.environ.get("STORECAST_BIN") or ""
if not os.access(program, os.X_OK):
    sys.exit(f"the program is not built: {program!r}")
clean = {k: v for k, v in os.environ.items() if not k.startswith("STORECAST_")}
BEGIN, END = "<!-- options: begin -->\n", "<!-- options: end -->\n"
problems = []


def run(*arguments):
    return subprocess.run([program, *arguments], env=clean, text=True, capture_output=True)


def printed(form):
    result = run("worker", f"--print-config={form}")
    if result.returncode != 0:
        sys.exit(f"worker --print-config={form} failed: {result.stderr}")
    return result.stdout


def list_of(readme):
    return readme.split(BEGIN)[1].split(END)[0]


sample, table, readme = printed("sample"), printed("markdown"), (root / "README.md").read_text()
if (root / "config" / "storecast.properties").read_text() != sample:
    problems.append("config/storecast.properties differs from the table (run scripts/dev.sh docs)")
if BEGIN not in readme or list_of(readme) != table:
    problems.append("the option list of README.md differs from the table (run scripts/dev.sh docs)")

# The comparison sees a missing row and a changed default.
rows = [line for line in table.splitlines() if line.startswith("| `")]
assert len(rows) > 30 and list_of(readme.replace(rows[3] + "\n", "")) != table
assert sample.replace("#lateness.days=2", "#lateness.days=3") != sample

# The sample as it is, and with every line in force, is a valid configuration.
for text in (sample, re.sub(r"(?m)^#(?=[a-z._]+=)", "", sample)):
    path = Path(os.environ["STORECAST_BUILD"]) / "test_docs.properties"
    path.write_text(text)
    result = run("worker", "--config", str(path), "--check-config")
    if result.returncode != 0:
        problems.append(f"the sample is no valid configuration: {result.stderr}")
wrong = run("worker", "--check-config", "-X", "latness.days=2")
if wrong.returncode != 78 or "did you mean lateness.days?" not in wrong.stderr:
    problems.append(f"a wrong key gives {wrong.returncode}: {wrong.stderr}")

# Every command has help that exits 0 and names its options' defaults.
for line in run("help").stdout.splitlines():
    match = re.match(r"  ([a-z-]+) {2,}\S", line)
    if match and (run("help", match.group(1)).returncode != 0 or run(match.group(1), "--help").returncode != 0):
        problems.append(f"storecast help {match.group(1)} fails")

print("\n".join(problems) or f"{len(rows)} options agree in the table, the sample and README")
sys.exit(1 if problems else 0)
