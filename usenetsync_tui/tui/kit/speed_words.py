"""Speeds as people type them. Pure."""

from __future__ import annotations

import re

_SPEED = re.compile(
    r"(?P<figure>[0-9]{1,9}(?:[.,][0-9]{1,6})?)\s*(?P<prefix>[kKmMgG]?)(?P<binary>i?)"
    r"(?P<unit>bits?|bps|b|B|)(?:/s|ps|)",
    re.ASCII,
)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}
_LEAST = 1_000
MOST = 1_000_000_000_000


def speed_typed(text: str) -> int | str:
    """Bytes a second, 0 for no limit; or a sentence on what is wrong.

    ``25M``, ``25 MB/s`` and ``200 Mbit/s`` are the same; Ki, Mi, Gi are powers of 1024; a
    small b is a byte too, as most people type it: bits are written out.
    """
    typed = text.strip()
    if typed.lower() in ("0", "off", "none", "no limit"):
        return 0
    match = _SPEED.fullmatch(typed)
    if match is None:
        return "Type a speed such as 25M, 200 Mbit/s, or 0 for no limit."
    base = 1024 if match["binary"] else 1000
    speed = float(match["figure"].replace(",", ".")) * base ** _POWERS[match["prefix"].lower()]
    if match["unit"] in ("bit", "bits", "bps"):
        speed /= 8
    if speed == 0:
        return 0
    if speed < _LEAST:
        return "This is less than 1 kB a second: 25M is 25 MB a second."
    return int(speed) if speed <= MOST else "Nothing is that fast: type 0 for no limit."
