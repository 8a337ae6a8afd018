"""Reads a speed that a user types. Pure."""

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
    """Bytes per second, 0 for no limit; or a sentence on what is wrong.

    ``25M``, ``25 MB/s`` and ``200 Mbit/s`` are the same. Ki, Mi and Gi are powers of 1024. A small
    b also means byte, because most people type it so; ``bit`` or ``bps`` means bits.
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
        return "This is less than 1 kB/s. For 25 MB/s, type 25M."
    return int(speed) if speed <= MOST else "This is more than 1 TB/s. Type 0 for no limit."
