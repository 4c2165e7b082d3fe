"""schemas/*.avsc: every type and field has a doc that states its unit or says that it has none, every optional field
its default, and every date and instant its logical type."""
import json
import pathlib
import sys

SCHEMAS = pathlib.Path(__file__).resolve().parents[3] / "schemas"
UNIT_WORDS = ("unit", "currency", "days since", "milliseconds", "day ", "minutes", "periods", "percent", "ratio", "0..1", "number of",
              "number ", "counts", "offset", "probability", "true:", "share", "logarithm", "numbers", "standard deviations", "levels",
              "dates", "one row")
problems = []


def check_field(path, field):
    path = f"{path}.{field['name']}"
    doc = field.get("doc", "")
    if not any(word in doc.lower() for word in UNIT_WORDS):
        problems.append(f"{path}: no unit in its doc: {doc!r}")
    if isinstance(field["type"], list) and "null" in field["type"]:
        if field["type"][0] != "null" or "default" not in field or field["default"] is not None:
            problems.append(f"{path}: optional, but its default is not null")
    if isinstance(field["type"], dict) and field["type"]["type"] in ("array", "map") and not field.get("default") in ([], {}):
        problems.append(f"{path}: no empty default")
    for t in field["type"] if isinstance(field["type"], list) else [field["type"]]:
        plain = t["type"] if isinstance(t, dict) else t
        logical = t.get("logicalType") if isinstance(t, dict) else None
        if ("date" in field["name"] or "days since" in doc) and plain == "int" and logical != "date":
            problems.append(f"{path}: a date without its logical type")
        if "milliseconds since" in doc and plain == "long" and logical != "timestamp-millis":
            problems.append(f"{path}: an instant without its logical type")
    check_type(path, field["type"])


def check_type(path, t):
    if isinstance(t, list):
        for branch in t:
            check_type(path, branch)
    elif isinstance(t, dict):
        if t["type"] in ("record", "enum") and not t.get("doc"):
            problems.append(f"{path}: {t['name']} has no doc")
        for field in t.get("fields", []):
            check_field(f"{path}/{t['name']}", field)
        if t["type"] == "array":
            check_type(path, t["items"])


files = sorted(SCHEMAS.glob("*.avsc"))
for file in files:
    schema = json.loads(file.read_text())
    if schema["name"] != file.stem or schema.get("namespace") != "storecast":
        problems.append(f"{file.name}: is not storecast.{file.stem}")
    check_type("", schema)
if len(files) != 6:
    problems.append(f"{len(files)} schemas instead of 6")
for problem in problems:
    print(problem)
sys.exit(1 if problems else 0)
