"""What a value must be: what a shape names is required, `maybe` allows null, and all else is passed over."""
import calendar
import re

from .strict_json import JSONParser, Number, Object, Text, malformed, refuse_twice
from .totals import decimal

def is_whole(value, digits=19):
    return isinstance(value, Number) and re.fullmatch(r"-?(0|[1-9][0-9]*)", value) and len(value.lstrip("-")) <= digits


def whole(least):
    return lambda value: bool(is_whole(value)) and least <= int(value) < 1 << 63


def matches(pattern):
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, Text) and compiled.fullmatch(value) is not None


def is_date(value):
    match = isinstance(value, str) and re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", value)
    if not match:
        return False
    year, month, day = map(int, match.groups())
    return 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year or 2000, month)[1]


def is_time(value):
    match = isinstance(value, Text) and re.fullmatch(r"(.{10})T([01][0-9]|2[0-3])(:[0-5][0-9]){2}\.[0-9]{3}Z", value)
    return bool(match) and value.raw.isascii() and is_date(match.group(1))


def is_totals(value):
    return isinstance(value, Object) and all(
        fits(entry, {"creates": whole(0)}) and ("sum" not in entry or decimal(entry["sum"]) is not None)
        for entry in value.values())


def maybe(shape):
    return lambda value: value is None or fits(value, shape)


def each(shape):
    return lambda value: isinstance(value, list) and all(fits(element, shape) for element in value)


def fits(value, shape, wrong=None):
    if not isinstance(shape, dict):
        return bool(shape(value))
    if not isinstance(value, Object):
        return False
    for key, part in shape.items():
        if key not in value or not fits(value[key], part):
            if wrong is not None:
                wrong.append(key)
            return False
    return True


def shaped(data, shape, what):
    """The JSON of a header, trailer, manifest or notice."""
    value = JSONParser(data).document()
    refuse_twice(value)
    wrong = []
    if not fits(value, shape, wrong):
        raise malformed(f"{what} lacks a right \"{wrong[0]}\"" if wrong else f"not {what}")
    return value


text_value = lambda value: isinstance(value, Text)
is_bool = lambda value: isinstance(value, bool)
node_id = matches(r"[A-Za-z0-9_-]{1,16}")
entity_name = matches(r"[A-Za-z][A-Za-z0-9_]{0,62}")
unique_id = matches(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
content_hash = matches(r"sha256:[0-9a-f]{64}")
is_transaction = lambda pair: isinstance(pair, list) and len(pair) == 2 and whole(0)(pair[0]) and text_value(pair[1])
text_map = lambda value: isinstance(value, Object) and all(map(text_value, value.values()))
POSITION = {"journal": unique_id, "seq": whole(0), "hash": content_hash}
SINCE = {"day": maybe(is_date), "part": whole(0), "operations": whole(0), "totals": is_totals}
CLOSE = {"day": is_date, "part": whole(1), "operations": whole(0), "totals": is_totals}
HEADER = {
    "node": node_id, "store": maybe(node_id), "journal": unique_id, "segment": whole(1), "first": whole(1),
    "previous": content_hash, "follows": maybe(POSITION), "epoch": maybe(unique_id), "policy": whole(0),
    "controlTotals": text_map, "receives": maybe(each(text_value)), "sinceClose": SINCE, "created": is_time,
}
TRAILER = {"last": whole(0), "count": whole(0), "totals": is_totals, "close": maybe(CLOSE)}
CURSOR = {"epoch": unique_id, "csn": whole(0), "transaction": text_value}
SENDER = {"node": node_id, "store": maybe(node_id), "journal": unique_id, "follows": maybe(POSITION)}
SEGMENT = {"number": whole(1), "first": whole(1), "last": whole(0), "hash": content_hash, "path": text_value}
RECEIPT = {
    "position": POSITION, "segment": maybe({"number": whole(1), "hash": content_hash}), "operations": whole(0),
    "totals": is_totals, "branches": each(POSITION),
}
COVERAGE = {"policy": whole(0), "receives": maybe(each(text_value))}
SUCCEEDED = {"epoch": unique_id, "csn": whole(0)}
ANSWER = {
    "journal": unique_id, "start": maybe(CURSOR), "reach": CURSOR, "succeeds": each(SUCCEEDED), "receipt": RECEIPT,
    "transactions": each(is_transaction),
    "directives": each({}), "coverage": COVERAGE, "basis": maybe(COVERAGE), "whole": each(text_value),
}
MANIFEST = {
    "requires": each(text_value), "kind": matches("journal|return|snapshot|grant"), "organisation": text_value,
    "from": SENDER, "to": node_id, "created": is_time, "part": {"number": whole(1), "of": whole(1)},
    "encrypted": is_bool, "software": text_value,
    "clock": {"wall": is_time, "sinceBoot": whole(0), "lastSeen": maybe(is_time)}, "first": whole(0), "last": whole(0),
    "counts": {"operations": whole(0), "pending": whole(0)}, "cursor": maybe(CURSOR),
    "coverage": maybe(COVERAGE), "subscription": maybe(each(text_value)),
    "days": each({"segment": whole(1), "seq": whole(0), "close": CLOSE}), "segments": each(SEGMENT),
    "return": maybe(ANSWER), "entries": each({"path": text_value, "size": whole(0), "hash": content_hash}),
}
NOTICE = {"notice": whole(0), "kind": text_value, "at": is_time, "entity": text_value, "id": text_value,
          "seq": maybe(whole(1)), "text": text_value}
