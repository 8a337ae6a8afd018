"""Bech32m (BIP 350): words of 32 letters and digits with a checksum that finds typing errors.

::

    human-readable part   "1"   data, 5 bits a character   checksum, 6 characters

Data and checksum are of the alphabet ``qpzry9x8gf2tvdw0s3jn54khce6mua7l``, which has no ``1``,
``b``, ``i`` and ``o``. The checksum is a BCH code over GF(32), computed as in BIP 173 with the
final constant 0x2bc830a3.

**Which errors it finds.** Up to 89 characters, the checksum included: any 4 wrong characters. Up to
1,023: any 3. (BIP 173 allows 90 characters in all; this module sets no limit.) Other errors go
unnoticed with a probability of 2^-30.

**Where the error is.** The checksum is linear: a wrong character changes the remainder by a pattern
of its place and its difference, whatever the other characters are. `wrong_places` compares the
remainder with the patterns of one wrong character, and of two. It must not be used to correct
without asking: with more errors it can be wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
CHECKSUM = 6
"""Characters of the checksum."""
MOST_SEARCHED = 1023
"""Values in which `wrong_places` searches: the length up to which any 3 wrong ones are found."""
_CONSTANT = 0x2BC830A3
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def _stepped(remainder: int, value: int) -> int:
    """The remainder after one more value."""
    top = remainder >> 25
    remainder = (remainder & 0x1FFFFFF) << 5 ^ value
    for bit, generator in enumerate(_GENERATORS):
        if top >> bit & 1:
            remainder ^= generator
    return remainder


def _remainder(human: str, values: Sequence[int]) -> int:
    """0 for a word whose checksum is right."""
    expanded = [*(ord(c) >> 5 for c in human), 0, *(ord(c) & 31 for c in human)]
    remainder = 1
    for value in (*expanded, *values):
        remainder = _stepped(remainder, value)
    return remainder ^ _CONSTANT


def encode(human: str, values: Sequence[int]) -> str:
    """The word for data of 5-bit values; `human` in lower case."""
    made = _remainder(human, [*values, *[0] * CHECKSUM])
    checksum = [made >> 5 * (CHECKSUM - 1 - place) & 31 for place in range(CHECKSUM)]
    return f"{human}1" + "".join([ALPHABET[value] for value in (*values, *checksum)])


def values_of(text: str) -> list[int | None]:
    """The value of each character, in lower case; None for one that is not of the alphabet."""
    known = {letter: value for value, letter in enumerate(ALPHABET)}
    return [known.get(letter) for letter in text]


def is_right(human: str, values: Sequence[int]) -> bool:
    """Whether the checksum at the end of the values fits."""
    return not _remainder(human, values)


def wrong_places(human: str, values: Sequence[int]) -> tuple[int, ...]:
    """The places of one or two wrong values, from 0; empty if there may be more.

    Takes 31 steps a value. Of more than `MOST_SEARCHED` values it is empty: their patterns repeat.
    """
    if len(values) > MOST_SEARCHED:
        return ()
    remainder = _remainder(human, values)
    one: dict[int, int] = {}
    for difference in range(1, 32):
        pattern = difference
        for at in reversed(range(len(values))):
            one[pattern] = at  # how the difference at this place changes the remainder
            pattern = _stepped(pattern, 0)
    if remainder in one:
        return (one[remainder],)
    pairs = {
        tuple(sorted((at, one[rest])))
        for pattern, at in one.items()
        if (rest := remainder ^ pattern) in one and one[rest] != at
    }
    return pairs.pop() if len(pairs) == 1 else ()


def to_fives(data: bytes) -> list[int]:
    """Bytes as 5-bit values, the highest bits first, filled up with zero bits."""
    number, fill = int.from_bytes(data), -len(data) * 8 % 5
    count = (len(data) * 8 + fill) // 5
    number <<= fill
    return [number >> 5 * (count - 1 - place) & 31 for place in range(count)]


def to_bytes(values: Sequence[int]) -> bytes | None:
    """The bytes of `to_fives`; None if the bits that fill up are not zeros, or too many."""
    number = 0
    for value in values:
        number = number << 5 | value
    size, fill = divmod(len(values) * 5, 8)
    if fill > 4 or number & (1 << fill) - 1:
        return None
    return (number >> fill).to_bytes(size)
