"""Makes output equal on every run and machine."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_NUMBERS = {
    "elapsed", "worked", "seconds", "port", "uid", "gid", "pid", "began", "ended", "url",
    "mtime_ns", "index_bytes",
}  # fmt: skip
_WITH_INDEX = {"bytes", "total_bytes", "posted_bytes"}
"""An index is part of these: how well it compresses depends on times and inode numbers."""
_PATTERNS = (
    (r"\d{4}-\d\d-\d\dT[\d:.+]+", "WHEN"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "DAY        TIME    "),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d\b", "DAY        TIME "),
    (r"\d[\d.,]* [kMGT]?B/s", "SPEED"),
    (r"\b(in|took) (\d+\.\d s|\d+m\d\ds|\d+s)", r"\1 SOME TIME"),
    (r" +\d[\d.,]* (ms|s)  ", "    TIME  "),
    (r"\d+ s apart", "N s apart"),
    (r"PostgreSQL \d+\.\d+", "PostgreSQL N"),
    (r"(Version +)\d+\.\d+", r"\1N"),
    (r"(PostgreSQL N, )\d[\d.]* MB", r"\1SIZE"),
    (r"\d[\d.]* [kMGTP]B free", "SIZE free"),
    (r"\b\d\.\d\d kB", "N.NN kB"),
    (r"process \d+", "process N"),
    (r"\busen etsy nc1p( [a-z0-9]{1,4})+", "STRING"),
    (r"\busenetsync1[a-z0-9]{60,}", "STRING"),
    (r"port \d{4,5}\b", "port PORT"),
    (r"host=/tmp/\S+ port=\d+ dbname=\S+", "host=SOCKET dbname=NAME"),
    (r'"version": "\d+\.\d+"', '"version": "N"'),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"<[^<>@ ]+@[^<>@ ]+>", "<MESSAGE-ID>"),
    (r"article [0-9a-f]{32}", "article ID"),
    (r"key [0-9a-f]{8,}", "key ID"),
    (r"\b\d+ rows?, \d[\d.]* [kM]?B", "N rows, SIZE"),
    (r"(by UsenetSync [\d.]+, )\d[\d.]* [kM]?B", r"\1SIZE"),
    (r'("db_(?:backup|restore)",\n "path": "[^"]*",\n "bytes": )\d+', r"\g<1>0"),
    (r'"rows": \d+', '"rows": 0'),
)


def normal(text: str, names: Mapping[str, str]) -> str:
    """Lines for people. `names`: the replacements of this run's paths and addresses."""
    for name, shown in sorted(names.items(), key=lambda pair: -len(pair[0])):
        text = text.replace(name, shown)
    for pattern, shown in _PATTERNS:
        text = re.sub(pattern, shown, text)
    return text


def normal_json(text: str, names: Mapping[str, str]) -> str:
    """JSON lines, indented for reading, without progress events, whose number depends on time."""
    events = [json.loads(line) for line in text.splitlines()]
    shown = [json.dumps(_value(e), indent=1) for e in events if e["event"] != "progress"]
    return normal("\n".join(shown) + "\n", names)


def _value(value: Any, key: str = "") -> Any:
    if key in _NUMBERS and value not in (None, [], ""):
        return key.upper()
    match value:
        case int() if key in _WITH_INDEX and value >= 500:
            unit = 10 ** (len(str(value)) - 2)
            return "FEW" if value < 10_000 else value // unit * unit
        case dict():
            return {k: _value(v, k) for k, v in value.items()}
        case list():
            return [_value(v) for v in value]
        case _:
            return value
