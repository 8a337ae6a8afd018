"""Lists of integers as variable-length bytes.

**Varint.** An unsigned integer below 2^64 in groups of seven bits, the lowest first; every byte but
the last has its highest bit set (unsigned LEB128, as in DWARF 5 section 7.6). At most ten bytes.

**Signed.** A signed integer n is stored as the varint of 2n, or of -2n - 1 if it is negative
("zigzag"), so that small distances in both directions are short. It lies in [-2^63, 2^63).

**Deltas.** A list of integers is stored as the differences of neighbours, the first against 0. All
sums and differences are modulo 2^64, taken into [-2^63, 2^63): any 64-bit list has one form.

Examples: 0 → ``00``, 127 → ``7f``, 128 → ``80 01``, 300 → ``ac 02``, 2^64 - 1 → ``ff ff ff ff ff
ff ff ff ff 01``. Signed: -1 → ``01``, 1 → ``02``. Deltas of (5, 3, 3) → ``0a 03 00``.

The functions work on whole lists: an index of three million files has a hundred million integers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import accumulate, chain
from struct import Struct

from usenetsync_tui.errors import IndexUnreadableError

_TOP = 1 << 64
_HALF = 1 << 63
_TOO_LONG = re.compile(rb"[\x80-\xff]{10}")
_ONE = re.compile(rb"[\x80-\xff]*[\x00-\x7f]")
_LONG = re.compile(rb"[\x80-\xff]+[\x00-\x7f]")
_LANES = 1024
"""Integers to decode at once."""
_FEW = 8
"""Where fewer than one of so many bytes begins a long integer, the others are taken as they are."""
_PACKED, _PLAIN = Struct("8s" * _LANES), Struct(f"<{_LANES}Q")


@cache
def _tables() -> tuple[list[bytes], list[bytes]]:
    """The two bytes of fourteen bits that more follow, and the bytes of the last fourteen."""
    open_pairs = [bytes((n & 127 | 128, n >> 7 | 128)) for n in range(1 << 14)]
    last = [bytes((n,)) if n < 128 else bytes((n & 127 | 128, n >> 7)) for n in range(1 << 14)]
    return open_pairs, last


def write_varints(values: Sequence[int]) -> bytes:
    """Unsigned integers below 2^64, one after the other."""
    if not values or max(values) < 128:
        return bytes(values)
    open_pairs, last = _tables()
    return b"".join(
        [
            last[value]
            if value < 1 << 14
            else open_pairs[value & 16383] + last[value >> 14]
            if value < 1 << 28
            else _long(value)
            for value in values
        ]
    )


def _long(value: int) -> bytes:
    """A large integer."""
    open_pairs, last = _tables()
    parts: list[bytes] = []
    while value > 16383:
        parts.append(open_pairs[value & 16383])
        value >>= 14
    return b"".join([*parts, last[value]])


def read_varints(data: bytes, count: int | None = None) -> list[int]:
    """The integers that fill `data`; `IndexUnreadableError` if there are not `count` of them."""
    if data.isascii():
        values = list(data)
    else:
        values = _read_long(data)
    if count is not None and len(values) != count:
        raise IndexUnreadableError(f"A list has {len(values)} numbers instead of {count}.")
    return values


def _read_long(data: bytes) -> list[int]:
    """Of integers that are not all below 128. Where few are not, only those are taken apart."""
    if data[-1] > 127 or _TOO_LONG.search(data):
        raise IndexUnreadableError("A number has no end.")
    long = _LONG.findall(data)
    if len(long) * _FEW > len(data):
        return _decoded(_ONE.findall(data))
    values: list[int] = []
    for short, value in zip(_LONG.split(data), [*_decoded(long), 0], strict=True):
        values += short
        values.append(value)
    values.pop()
    return values


def _decoded(varints: list[bytes]) -> list[int]:
    """The integers of these bytes, each as the low bytes of a lane of 64 bits, many at once."""
    count = len(varints)
    if count < _LANES // 8 or len(max(varints, key=len)) > 8:
        return [_one(each) for each in varints]
    varints += [b"\0"] * (-count % _LANES)
    values: list[int] = []
    bits, joins = _masks()
    for at in range(0, count, _LANES):
        lanes = int.from_bytes(_PACKED.pack(*varints[at : at + _LANES]), "little") & bits
        for low, high, gap in joins:  # groups of 7 bits to groups of 14, of 28, of 56
            lanes = lanes & low | (lanes & high) >> gap
        values += _PLAIN.unpack(lanes.to_bytes(8 * _LANES, "little"))
    return values[:count]


@cache
def _masks() -> tuple[int, list[tuple[int, int, int]]]:
    """The bits of a lane that belong to its integer; of neighbouring groups the lower and the
    higher ones, and how many bits lie between them."""

    def every(lane: int) -> int:
        return int.from_bytes(lane.to_bytes(8, "little") * _LANES, "little")

    return every(0x7F7F7F7F7F7F7F7F), [
        (every(0x007F007F007F007F), every(0x7F007F007F007F00), 1),
        (every(0x00003FFF00003FFF), every(0x3FFF00003FFF0000), 2),
        (every(0x000000000FFFFFFF), every(0x0FFFFFFF00000000), 4),
    ]


def _one(varint: bytes) -> int:
    value = shift = 0
    for byte in varint:
        value |= (byte & 127) << shift
        shift += 7
    if value >= _TOP:
        raise IndexUnreadableError("A number is larger than 64 bits.")
    return value


def write_signed(values: Iterable[int]) -> bytes:
    """Signed integers of 64 bits."""
    return write_varints([n << 1 if n >= 0 else -(n << 1) - 1 for n in values])


def read_signed(data: bytes, count: int | None = None) -> list[int]:
    """The signed integers that fill `data`; `IndexUnreadableError`."""
    return [n >> 1 if not n & 1 else -(n >> 1) - 1 for n in read_varints(data, count)]


def write_deltas(values: Sequence[int], before: Sequence[int] | None = None) -> bytes:
    """Signed integers of 64 bits as differences to their neighbour.

    `before`: the integers to subtract instead, as many; None: each one's predecessor.
    """
    if before is None:
        before = [0, *values][: len(values)]
    steps = [now - then for now, then in zip(values, before, strict=True)]
    if steps and not -_HALF <= min(steps) <= max(steps) < _HALF:
        steps = list(map(wrapped, steps))
    return write_signed(steps)


def read_deltas(data: bytes, count: int, before: Sequence[int] | None = None) -> list[int]:
    """The integers of `write_deltas`; `IndexUnreadableError`."""
    steps = read_signed(data, count)
    if before is None:
        values = list(accumulate(steps))
    else:
        values = [then + step for then, step in zip(before, steps, strict=True)]
    if values and not -_HALF <= min(values) <= max(values) < _HALF:
        return list(map(wrapped, values))
    return values


def wrapped(value: int) -> int:
    """An integer modulo 2^64, in [-2^63, 2^63)."""
    if -_HALF <= value < _HALF:
        return value
    return (value + _HALF) % _TOP - _HALF


def write_texts(texts: Sequence[bytes]) -> bytes:
    """Byte strings: their number, their lengths, then their bytes."""
    return write_varints([len(texts), *map(len, texts)]) + b"".join(texts)


class Cursor:
    """Reads varints and byte strings from the front of some bytes; `IndexUnreadableError`."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self.at = at

    @property
    def left(self) -> int:
        """Bytes that are left."""
        return len(self._data) - self.at

    def varint(self) -> int:
        """The next unsigned integer."""
        value = 0
        for shift in range(0, 70, 7):
            if self.at >= len(self._data):
                raise IndexUnreadableError("It ends in the middle of a number.")
            byte = self._data[self.at]
            self.at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                if value >= _TOP:
                    raise IndexUnreadableError("A number is larger than 64 bits.")
                return value
        raise IndexUnreadableError("A number has no end.")

    def signed(self) -> int:
        """The next signed integer."""
        value = self.varint()
        return -(value >> 1) - 1 if value & 1 else value >> 1

    def varints(self, count: int) -> list[int]:
        """The next `count` unsigned integers."""
        if count > self.left:
            raise IndexUnreadableError("It claims more numbers than it has bytes.")
        return [self.varint() for _ in range(count)]

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        if size > self.left:
            raise IndexUnreadableError(f"It claims {size} bytes where {self.left} are left.")
        self.at += size
        return self._data[self.at - size : self.at]

    def texts(self) -> list[bytes]:
        """Byte strings as `write_texts` writes them."""
        sizes = self.varints(self.varint())
        return [self.take(size) for size in sizes]

    def end(self) -> None:
        """Nothing may be left."""
        if self.left:
            raise IndexUnreadableError(f"{self.left} bytes are left over.")


def slices(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    """Byte strings of these lengths that fill `data`; `IndexUnreadableError`."""
    ends = list(accumulate(sizes))
    if (ends[-1] if ends else 0) != len(data):
        raise IndexUnreadableError("The lengths of some texts do not add up.")
    return [data[start:end] for start, end in zip(chain((0,), ends), ends, strict=False)]
