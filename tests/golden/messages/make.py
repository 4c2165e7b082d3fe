#!/usr/bin/env python3
"""Makes messages.tsv, the older and newer schemas beside it, and the seeds of fuzz_decode, with fastavro: another implementation of Avro.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install fastavro && /tmp/venv/bin/python tests/golden/messages/make.py

A row: name, schema (own, or a file here), the value's bytes in hexadecimal, the line that `storecast tail` prints for it
(or !CODE when the message must become a dead letter). Our encoder must write the very bytes of the own ones again.
"""
import copy
import datetime
import io
import json
import math
import pathlib
import struct

import fastavro

HERE = pathlib.Path(__file__).resolve().parent
SCHEMAS = HERE.parents[2] / "schemas"
CORPUS = HERE.parents[1] / "fuzz" / "corpus" / "decode"
IDS = {"SalesUpdate": 0x53430001, "ForecastRequest": 0x53430002, "ForecastResult": 0x53430003,
       "PeriodClosed": 0x53430004, "DriftAlert": 0x53430005, "ModelEvent": 0x53430006}


def load(name):
    return json.loads((SCHEMAS / f"{name}.avsc").read_text())


def field(record, name):
    return next(f for f in record["fields"] if f["name"] == name)


def drop(record, *names):
    record["fields"] = [f for f in record["fields"] if f["name"] not in names]


def branch(schema, name):
    return next(b for b in field(schema, "body")["type"] if b["name"] == name)


def older_sales_update():
    """Before sources, products and most bodies; a counter of 32 bits, floats, two kinds of Override; another order."""
    s = load("SalesUpdate")
    drop(s, "source", "product", "event_time")
    field(s, "sequence")["type"] = "int"
    del field(s, "sequence")["default"]
    field(s, "store")["type"] = "string"
    del field(s, "store")["default"]
    field(s, "body")["type"] = [branch(s, "Override"), branch(s, "Total"), branch(s, "Sale")]
    drop(branch(s, "Override"), "category", "author", "expires")
    field(branch(s, "Override"), "kind")["type"]["symbols"] = ["MULTIPLY", "SET"]
    drop(branch(s, "Total"), "returned_quantity", "returned_amount", "covariates")
    for name in ("quantity", "amount"):
        f = field(branch(s, "Sale"), name)
        f["type"] = "float" if name == "quantity" else "int"
        del f["default"]
    s["fields"].reverse()
    return s


def newer_sales_update():
    """Fields, a kind of Override and a body that this version does not know."""
    s = load("SalesUpdate")
    s["fields"].insert(0, {"name": "channel", "type": {"type": "enum", "name": "Channel", "symbols": ["TILL", "WEB"]}})
    s["fields"].insert(3, {"name": "tags", "type": {"type": "array", "items": "string"}, "default": []})
    s["fields"].append({"name": "lines", "type": {"type": "array", "items": {
        "type": "record", "name": "Line", "fields": [{"name": "sku", "type": "string"},
                                                     {"name": "rates", "type": {"type": "map", "values": "double"}}]}}})
    s["fields"].append({"name": "signature", "type": ["null", "bytes"], "default": None})
    branch(s, "Sale")["fields"].insert(1, {"name": "discount", "type": ["null", "double"], "default": None})
    branch(s, "Total")["fields"].insert(0, {"name": "estimated", "type": "boolean", "default": False})
    field(branch(s, "Override"), "kind")["type"]["symbols"].append("FLOOR")
    field(s, "body")["type"].append({"type": "record", "name": "Delivery", "fields": [{"name": "quantity", "type": "double"}]})
    return s


def older_forecast_request():
    s = load("ForecastRequest")
    drop(s, "category", "level", "models", "quantiles", "lead_time", "plan", "explain")
    return s


def newer_forecast_request():
    s = load("ForecastRequest")
    field(s, "level")["type"]["symbols"].append("REGION")
    field(s, "models")["type"]["items"] = "string"
    s["fields"].insert(2, {"name": "currency", "type": ["null", "string"], "default": None})
    field(s, "plan")["type"]["items"]["fields"].append({"name": "note", "type": ["null", "string"], "default": None})
    return s


def older_forecast_result():
    s = load("ForecastResult")
    drop(s, "category", "level", "cumulated", "accuracy", "best_model", "model_version", "ledger", "sentence")
    field(s, "status")["type"]["symbols"] = ["FALLBACK", "OK"]
    drop(field(s, "steps")["type"]["items"], "models", "override_value", "override_author", "override_reason")
    return s


def newer_drift_alert():
    s = load("DriftAlert")
    field(s, "kind")["type"]["symbols"].append("PRICE")
    s["fields"].insert(0, {"name": "tenant", "type": "string"})
    field(s, "value")["type"] = ["null", "double"]
    return s


EVOLVED = {"older/SalesUpdate.avsc": (0x1001, older_sales_update), "newer/SalesUpdate.avsc": (0x1002, newer_sales_update),
           "older/ForecastRequest.avsc": (0x1003, older_forecast_request),
           "newer/ForecastRequest.avsc": (0x1004, newer_forecast_request),
           "older/ForecastResult.avsc": (0x1005, older_forecast_result),
           "newer/DriftAlert.avsc": (0x1006, newer_drift_alert)}

DAY = 15639  # 2012-10-26
MS = 1351242000123  # 2012-10-26T09:00:00.123Z
ENVELOPE = {"event_id": "e-1", "source": None, "sequence": None, "store": "7", "product": None, "business_date": DAY,
            "event_time": None, "issued_at": MS}


def number(x):
    for digits in (15, 16, 17):
        text = "%.*g" % (digits, x)
        if float(text) == x:
            return text


def encode(schema, schema_id, value):
    out = io.BytesIO()
    out.write(b"\0" + struct.pack(">I", schema_id))
    if "body" in value:
        value = {**value, "body": ("storecast." + value["body"][0], value["body"][1])}
    fastavro.schemaless_writer(out, fastavro.parse_schema(copy.deepcopy(schema)), value)
    return out.getvalue()


class Line:
    """What tail prints: written anew from the value, by the schema, not by our tables."""

    def __init__(self, schema):
        self.named = {}
        self.collect(schema)

    def collect(self, t):
        if isinstance(t, list):
            for b in t:
                self.collect(b)
        elif isinstance(t, dict):
            if t["type"] in ("record", "enum"):
                self.named[t["name"]] = t
            for f in t.get("fields", []):
                self.collect(f["type"])
            for key in ("items", "values"):
                if key in t:
                    self.collect(t[key])

    def field_text(self, f, value):
        if f["name"] in ("quantity", "amount", "returned_quantity", "returned_amount", "stock"):
            text = "%.6f" % value  # kept in millionths
            return text.rstrip("0").rstrip(".")
        return self.text(f["type"], value)

    def text(self, t, value):
        if isinstance(t, str) and t in self.named:
            t = self.named[t]
        if isinstance(t, list) and any(b == "null" for b in t):
            return self.text(next(b for b in t if b != "null"), value)
        if isinstance(t, list):
            name, body = value
            return '{"%s":%s}' % (name, self.text(self.named[name], body))
        kind = t if isinstance(t, str) else t["type"]
        logical = None if isinstance(t, str) else t.get("logicalType")
        if kind == "record":
            rows = ['"%s":%s' % (f["name"], self.field_text(f, value[f["name"]]))
                    for f in t["fields"] if value[f["name"]] is not None]
            return "{" + ",".join(rows) + "}"
        if kind == "array":
            return "[" + ",".join(self.text(t["items"], v) for v in value) + "]"
        if kind == "map":
            return "{" + ",".join(json.dumps(k, ensure_ascii=False) + ":" + number(v) for k, v in value.items()) + "}"
        if kind == "boolean":
            return "true" if value else "false"
        if logical == "date":
            return '"%s"' % datetime.date.fromordinal(719163 + value).isoformat()
        if logical == "timestamp-millis":
            at = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=value)
            return '"%s.%03dZ"' % (at.isoformat(timespec="seconds"), value % 1000)
        if kind in ("double", "float"):
            return number(value)
        return json.dumps(value, ensure_ascii=False)


def sale(**kw):
    return ("Sale", {"quantity": None, "amount": None, **kw})


def sales_updates():
    total = {"quantity": 1250.5, "amount": 1643690.9, "returned_quantity": 3.0, "returned_amount": None,
             "covariates": {"promotion": 1.0, "temperature": -3.25, "Größe": 1e-7}}
    plan = {"first_date": DAY, "last_date": DAY + 6, "known_from": DAY - 30, "closed": True, "values": {"price": 2.49}}
    store = {"time_zone": "Europe/Berlin", "day_cutoff_minutes": 240, "region": "DE", "opens": DAY - 1000, "closes": None,
             "refit_from": DAY, "refit_to": DAY + 10, "like_store": "8", "like_factor": 0.75}
    series = {"category": "dairy", "unit": "kg", "pack_size": 12.0, "launched": DAY - 5, "ends": DAY + 500,
              "replaces_product": "old", "replaces_ratio": 1.5, "like_product": None, "like_factor": 1.0}
    override = {"kind": "CAP", "first_date": DAY, "last_date": DAY + 1, "value": 100.0, "category": "dairy", "author": "Ada",
                "reason": "a \"quoted\" reason\twith a tab and \\", "expires": MS + 1}
    bodies = {
        "sale": sale(quantity=2.0, amount=4.98), "return": sale(quantity=-0.000001),
        "large": sale(quantity=1e9, amount=-1e9), "total": ("Total", total), "plan": ("Plan", plan),
        "availability": ("Availability", {"share": 0.5, "stock": 17.25}), "complete": ("Complete", {"reason": None}),
        "store": ("Store", store), "series": ("Series", series), "override": ("Override", override),
        "model": ("Model", {"version": "2024.1"})}
    for name, body in bodies.items():
        yield f"sales_update {name}", {**ENVELOPE, "body": body}
    yield "sales_update full envelope", {**ENVELOPE, "source": "till-3", "sequence": 12345678901, "product": "naïve/✓ 9%",
                                         "event_time": MS - 1, "business_date": 0, "body": sale(amount=0.3)}
    yield "sales_update without store", {**ENVELOPE, "store": None, "body": ("Complete", {"reason": None})}
    yield "sales_update before 1970", {**ENVELOPE, "business_date": -1, "issued_at": -1, "body": sale(quantity=0.0)}


def requests():
    yield "forecast_request small", {"request_id": "r", "store": "1", "product": None, "category": None, "level": "SERIES",
                                     "horizon": 8, "models": [], "quantiles": [], "lead_time": None, "plan": [],
                                     "explain": False, "issued_at": MS}
    yield "forecast_request full", {"request_id": "r-2", "store": "1", "product": "p", "category": "c", "level": "STORE",
                                    "horizon": 150, "models": ["best", "seasonal_yoy"], "quantiles": [0.1, 0.5, 1 / 3],
                                    "lead_time": 3, "plan": [{"date": DAY, "values": {"price": 1.0}}, {"date": DAY + 1, "values": {}}],
                                    "explain": True, "issued_at": MS}


def results():
    quantiles = [{"level": q, "value": 1000 * q + math.pi} for q in (0.05, 0.5, 0.95)]
    step = {"first_date": DAY + 1, "last_date": DAY + 7, "mean": 1234.5678901234567, "median": 1200.0, "quantiles": quantiles,
            "models": [{"model": "seasonal_yoy", "value": 1e22}, {"model": "naive", "value": 0.1}],
            "override_value": 5.0, "override_author": "Ada", "override_reason": "ü"}
    bare = {**step, "quantiles": [], "models": [], "override_value": None, "override_author": None, "override_reason": None}
    full = {"request_id": "r-2", "store": "7", "product": "p", "category": "c", "level": "CATEGORY", "issue": 143,
            "sales_offset": 6434, "partition": 2, "origin": DAY, "valid_until": DAY + 7, "measure": "quantity", "unit": "kg",
            "status": "SHORT_HISTORY", "sentence": "12 weeks are known", "steps": [step, bare],
            "cumulated": [{"periods": 2, "mean": 2400.0, "quantiles": quantiles, "status": "OK"}],
            "accuracy": [{"model": "ensemble", "weight": 1.0, "mae": 1.5, "rmse": 2.5, "mape": 2.776, "scored": 52},
                         {"model": "naive", "weight": 0.0, "mae": None, "rmse": None, "mape": None, "scored": 0}],
            "best_model": "seasonal_yoy", "model_version": "1", "ledger": ["level 1,200", "promotion +3 %"]}
    yield "forecast_result full", full
    yield "forecast_result unknown series", {**full, "product": None, "category": None, "level": "SERIES", "unit": None,
                                             "status": "UNKNOWN_SERIES", "sentence": None, "steps": [], "cumulated": [],
                                             "accuracy": [], "best_model": None, "model_version": None, "ledger": [],
                                             "measure": "amount", "sales_offset": -1}


def others():
    yield "PeriodClosed", "period_closed", {"partition": 5, "first_date": DAY - 6, "last_date": DAY, "sales_offset": 99,
                                            "close_number": 143, "series": 45, "known": 44, "unknown": 1, "cause": "roster"}
    alert = {"store": "7", "product": None, "kind": "DRIFT", "model": "ensemble", "metric": "cusum", "state": "FIRING",
             "severity": "critical", "value": 6.5, "threshold": 5.0, "window": 8, "since": DAY - 14, "period": DAY,
             "causes": ["BIAS", "JUMP"], "best_model": "naive", "bias": -0.35, "strength": 1.3, "stake": 12000.0, "pool": True,
             "alert_number": 3, "sales_offset": 6434, "partition": 0, "sentence": "store 7 sells 30 % less than forecast"}
    yield "DriftAlert", "drift_alert firing", alert
    yield "DriftAlert", "drift_alert resolved", {**alert, "kind": "POOL", "store": None, "state": "RESOLVED", "causes": [],
                                                 "bias": None, "strength": None, "stake": None, "pool": False, "sentence": None,
                                                 "best_model": None, "model": None, "metric": None}
    yield "ModelEvent", "model_event", {"kind": "ROLLED_BACK", "version": "2024.1", "store": None, "product": None, "by": "ada",
                                        "reason": "worse", "partition": -1, "at": MS, "sales_offset": -1}


def own_rows():
    rows = [("SalesUpdate", *r) for r in sales_updates()] + [("ForecastRequest", *r) for r in requests()]
    rows += [("ForecastResult", *r) for r in results()] + list(others())
    for record, name, value in rows:
        schema = load(record)
        yield name, "own", encode(schema, IDS[record], value), Line(schema).text(schema, value)


def evolved_rows(schemas):
    """Name, schema file, value, and the line that this version makes of it."""
    line_head = '{"event_id":"e-1",'
    tail = '"business_date":"2012-10-26","issued_at":"2012-10-26T09:00:00.123Z","body":'
    old = {"event_id": "e-1", "sequence": 5, "store": "7", "business_date": DAY, "issued_at": MS}
    yield ("older sale in floats and ints", "older/SalesUpdate.avsc", {**old, "body": sale(quantity=0.5, amount=-7)},
           line_head + '"sequence":5,"store":"7",' + tail + '{"Sale":{"quantity":0.5,"amount":-7}}}')
    yield ("older total", "older/SalesUpdate.avsc", {**old, "body": ("Total", {"quantity": None, "amount": 10.25})},
           line_head + '"sequence":5,"store":"7",' + tail + '{"Total":{"amount":10.25,"covariates":{}}}}')
    yield ("older override with symbols in another order", "older/SalesUpdate.avsc",
           {**old, "body": ("Override", {"kind": "SET", "first_date": DAY, "last_date": DAY, "value": 3.0, "reason": None})},
           line_head + '"sequence":5,"store":"7",' + tail + '{"Override":{"kind":"SET","first_date":"2012-10-26","last_date":"2012-10-26","value":3}}}')
    new = {**ENVELOPE, "channel": "WEB", "tags": ["a", "b"], "signature": b"\xff\x00",
           "lines": [{"sku": "x", "rates": {"a": 1.0}}, {"sku": "y", "rates": {}}]}
    yield ("newer sale with more fields", "newer/SalesUpdate.avsc",
           {**new, "body": sale(quantity=1.0, discount=0.1)}, line_head + '"store":"7",' + tail + '{"Sale":{"quantity":1}}}')
    yield ("newer body", "newer/SalesUpdate.avsc", {**new, "body": ("Delivery", {"quantity": 1.0})}, "!NOT_SUPPORTED_YET")
    override = {"kind": "FLOOR", "first_date": DAY, "last_date": DAY, "value": 3.0, "category": None, "author": None,
                "reason": None, "expires": None}
    yield ("newer symbol", "newer/SalesUpdate.avsc", {**new, "body": ("Override", override)}, "!NOT_SUPPORTED_YET")
    yield ("older request", "older/ForecastRequest.avsc",
           {"request_id": "r", "store": "1", "product": "p", "horizon": 8, "issued_at": MS},
           '{"request_id":"r","store":"1","product":"p","level":"SERIES","horizon":8,"models":[],"quantiles":[],"plan":[],'
           '"explain":false,"issued_at":"2012-10-26T09:00:00.123Z"}')
    request = {"request_id": "r", "store": "1", "currency": "EUR", "product": None, "category": None, "level": "SERIES",
               "horizon": 8, "models": [], "quantiles": [], "lead_time": None, "explain": False, "issued_at": MS,
               "plan": [{"date": DAY, "values": {"price": 1.5}, "note": "x"}]}
    yield ("newer request with more fields", "newer/ForecastRequest.avsc", request,
           '{"request_id":"r","store":"1","level":"SERIES","horizon":8,"models":[],"quantiles":[],'
           '"plan":[{"date":"2012-10-26","values":{"price":1.5}}],"explain":false,"issued_at":"2012-10-26T09:00:00.123Z"}')
    yield "newer level", "newer/ForecastRequest.avsc", {**request, "level": "REGION"}, "!NOT_SUPPORTED_YET"
    step = {"first_date": DAY, "last_date": DAY, "mean": 1.0, "median": 2.0, "quantiles": [{"level": 0.5, "value": 2.0}]}
    yield ("older result", "older/ForecastResult.avsc",
           {"request_id": None, "store": "7", "product": None, "issue": 1, "sales_offset": 2, "partition": 3, "origin": DAY,
            "valid_until": DAY, "measure": "amount", "unit": None, "status": "OK", "steps": [step]},
           '{"store":"7","level":"SERIES","issue":1,"sales_offset":2,"partition":3,"origin":"2012-10-26","valid_until":"2012-10-26",'
           '"measure":"amount","status":"OK","steps":[{"first_date":"2012-10-26","last_date":"2012-10-26","mean":1,"median":2,'
           '"quantiles":[{"level":0.5,"value":2}],"models":[]}],"cumulated":[],"accuracy":[],"ledger":[]}')
    alert = {k: v for record, name, v in others() if name == "drift_alert firing" for k, v in v.items()}
    yield "newer alert", "newer/DriftAlert.avsc", {**alert, "tenant": "t"}, Line(load("DriftAlert")).text(load("DriftAlert"), alert)
    yield "newer alert of a new kind", "newer/DriftAlert.avsc", {**alert, "tenant": "t", "kind": "PRICE"}, "!NOT_SUPPORTED_YET"
    yield "newer alert without a value", "newer/DriftAlert.avsc", {**alert, "tenant": "t", "value": None}, "!MALFORMED"


def write_seeds(rows):
    """Seeds of tests/fuzz/fuzz_decode.c: a byte that chooses the schema, then the body."""
    ids = [*IDS.values(), *(schema_id for schema_id, _ in EVOLVED.values())]
    CORPUS.mkdir(parents=True, exist_ok=True)
    for name, _, value, _ in rows:
        chosen = ids.index(struct.unpack(">I", value[1:5])[0])
        (CORPUS / name.replace(" ", "_")).write_bytes(bytes([chosen]) + value[5:])
    whole = len(ids)
    (CORPUS / "whole_value").write_bytes(bytes([whole]) + rows[0][2])
    (CORPUS / "whole_empty").write_bytes(bytes([whole]))
    (CORPUS / "whole_unknown_schema").write_bytes(bytes([whole]) + b"\0\0\0\0\1abc")
    (CORPUS / "endless_array").write_bytes(bytes([1]) + b"\2r\2s\0\0\0\x10" + b"\x80" * 9 + b"\1")
    (CORPUS / "long_string").write_bytes(bytes([0]) + b"\xfe\xff\xff\xff\x0fabc")


def main():
    schemas = {}
    for path, (schema_id, make) in EVOLVED.items():
        schemas[path] = make()
        (HERE / path).parent.mkdir(exist_ok=True)
        (HERE / path).write_text(json.dumps(schemas[path], indent=1) + "\n")
    rows = list(own_rows())
    for name, path, value, line in evolved_rows(schemas):
        rows.append((name, path, encode(schemas[path], EVOLVED[path][0], value), line))
    with open(HERE / "messages.tsv", "w", encoding="utf-8") as out:
        for name, schema, value, line in rows:
            out.write(f"{name}\t{schema}\t{value.hex()}\t{line}\n")
    write_seeds(rows)


main()
