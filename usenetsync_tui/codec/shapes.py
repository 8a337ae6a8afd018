"""The shapes of the headers of sealed articles: as varied as those of other posters.

Pure: a `Dice` draws everything from one digest, so an article sent again after a crash has the
same headers. Without the key an observer cannot connect the draws.

A single shape would be a label: by counting the headers of a newsgroup, an observer could find
every sealed article. So each header has several shapes, with roughly the weights they have among
people who post with random names.

**Hosts have no owner.** A made-up name below ``.com`` may have an owner, now or next year, who
then gets the mail and the complaints. This module uses only:

* the two-letter codes that ISO 3166-1 leaves to its users (AA, QM to QZ, XA to XZ, ZZ), which look
  like a country's domain. Two-letter top-level domains are those of ISO 3166-1, so these never
  exist. Without XK, which is in use for Kosovo, and XN, which begins encoded names;
* reserved names: below ``example.com``, ``example.net``, ``example.org``, ``test``, ``example``
  and ``invalid`` (RFC 2606, RFC 6761), ``local`` (RFC 6762), ``internal`` (ICANN, 2024).

Names of people are random syllables. No header imitates a program or a person on purpose, and none
names a client.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from functools import lru_cache

_LOWER = string.ascii_lowercase
_LOWER_DIGITS = _LOWER + string.digits
_ALPHANUMERIC = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
_CONSONANTS = ("b", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z")
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "ie", "oo", "y")
_SYLLABLES = tuple(consonant + vowel for vowel in _VOWELS for consonant in _CONSONANTS)
"""In the order of two draws, of a consonant and then of a vowel: one draw takes half the time."""
_ENDINGS = ("", "", "n", "r", "s", "t", "l", "x", "ck")

COUNTRIES = tuple(
    code
    for code in ("aa", *(f"q{c}" for c in "mnopqrstuvwxyz"), *(f"x{c}" for c in _LOWER), "zz")
    if code not in ("xk", "xn")
)
RESERVED = (
    *("example.com", "example.net", "example.org"),
    *("test", "example", "invalid", "local", "internal"),
)
_PREFIXES = ("news", "mail", "post", "home", "web", "nntp", "box")
_EXTENSIONS = ("rar", "bin", "dat", "zip", "7z", "r{:02}", "part{:02}.rar", "7z.{:03}", "{:03}")


class Dice:
    """Draws from a digest; the same draws each time."""

    def __init__(self, digest: bytes) -> None:
        """`digest` has 64 bytes. The draws from it may use 400 bits at most."""
        self._number = int.from_bytes(digest, "big")

    def below(self, count: int) -> int:
        """A number from 0 to `count` - 1, almost uniform."""
        self._number, drawn = divmod(self._number, count)
        return drawn

    def between(self, least: int, most: int) -> int:
        """A number from `least` to `most`, both included."""
        self._number, drawn = divmod(self._number, most - least + 1)
        return least + drawn

    def one_of(self, choices: Sequence[str]) -> str:
        """One of some texts."""
        self._number, drawn = divmod(self._number, len(choices))
        return choices[drawn]

    def word(self, alphabet: str, least: int, most: int) -> str:
        """A word of `least` to `most` characters of the alphabet."""
        length = self.between(least, most)
        drawn, pairs = self.below(len(alphabet) ** length), _pairs(alphabet)
        count, word = len(pairs), []
        for _ in range(length // 2):
            drawn, pair = divmod(drawn, count)
            word.append(pairs[pair])
        if length % 2:
            word.append(alphabet[drawn])
        return "".join(word)


@lru_cache
def _pairs(alphabet: str) -> tuple[str, ...]:
    """All texts of two characters, in the order of two draws: half as many draws make a word."""
    return tuple(first + second for second in alphabet for first in alphabet)


def message_id(dice: Dice) -> str:
    """The text between the angle brackets: at least 120 random bits, then a host."""
    match dice.below(6):
        case 0:
            left = dice.word(_ALPHANUMERIC, 22, 32)
        case 1:
            left = dice.word(_HEX, 32, 32)
        case 2:
            left = ".".join(dice.word(_ALPHANUMERIC, 8, 11) for _ in range(3))
        case 3:
            left = "-".join(dice.word(_LOWER_DIGITS, n, n) for n in (8, 4, 4, 4, 12))
        case 4:
            left = f"{dice.word(_LOWER_DIGITS, 12, 14)}${dice.word(_LOWER_DIGITS, 12, 14)}"
        case _:
            left = dice.word(_LOWER_DIGITS, 24, 32)
    return f"{left}@{host(dice)}"


def host(dice: Dice) -> str:
    """A host that has no owner."""
    label = dice.one_of(_LOWER) + dice.word(_LOWER_DIGITS, 2, 10)
    match dice.below(10):
        case 0:
            return f"{label}.{dice.one_of(RESERVED)}"
        case 1 | 2:
            return f"{dice.one_of(_PREFIXES)}.{label}.{dice.one_of(COUNTRIES)}"
        case 3 | 4 | 5:
            return f"{_syllables(dice, 2, 3)}.{dice.one_of(COUNTRIES)}"
        case _:
            return f"{label}.{dice.one_of(COUNTRIES)}"


def sender(dice: Dice) -> str:
    """A mailbox: ``Name <local@host>``, or the bare address."""
    name = _syllables(dice, 2, 4)
    local = _local(dice, name)
    address = f"{local}@{host(dice)}"
    match dice.below(9):
        case 0:
            return address
        case 1 | 2:
            shown = name.capitalize()
        case 3:
            shown = f"{name.capitalize()} {_syllables(dice, 2, 3).capitalize()}"
        case 4:
            shown = f"{dice.one_of(string.ascii_uppercase)}. {name.capitalize()}"
        case 5:
            shown = local
        case 6:
            shown = f"{name}{dice.between(1, 9999)}"
        case 7:
            shown = f"{name}_{_syllables(dice, 1, 2)}"
        case _:
            shown = dice.word(_ALPHANUMERIC, 6, 14)
    return f"{shown} <{address}>"


def subject_and_name(dice: Dice) -> tuple[str, str]:
    """The subject, and the name in the yEnc lines; if the subject has a file name, it is that.

    Each article is a file of one part, as its yEnc lines say.
    """
    name = _file_name(dice)
    return _subject(dice, name, "yEnc (1/1)"), name


def part_subject_and_name(dice: Dice, number: int, total: int) -> tuple[str, str]:
    """The subject and name for one part of a file whose real name is in an NZB.

    Newsreaders use the NZB's name if the article's looks made up. For NZBGet 21 that is a name of
    letters and digits only, without an extension. The most common such names are 32 hexadecimal
    digits.
    """
    name = dice.word(_HEX, 32, 32)
    return _subject(dice, name, f"yEnc ({number:0{len(str(total))}}/{total})"), name


def _subject(dice: Dice, name: str, counter: str) -> str:
    most = dice.between(2, 99)
    place = f"{dice.between(1, most):0{len(str(most))}}/{most}"
    match dice.below(8):
        case 0 | 1:
            return f'"{name}" {counter}'
        case 2:
            return f'[{place}] - "{name}" {counter}'
        case 3:
            return f"{name} {counter}"
        case 4:
            return f'{_syllables(dice, 2, 4)} [{place}] "{name}" {counter}'
        case 5:
            return " ".join(_syllables(dice, 1, 3) for _ in range(dice.between(2, 4)))
        case 6:
            return dice.word(_HEX, 32, 32)
        case _:
            return dice.word(_ALPHANUMERIC, 16, 32)


def _file_name(dice: Dice) -> str:
    match dice.below(4):
        case 0:
            stem = dice.word(_HEX, 32, 32)
        case 1:
            stem = dice.word(_LOWER_DIGITS, 10, 20)
        case 2:
            stem = f"{_syllables(dice, 2, 3)}{dice.one_of('.-_')}{dice.word(_ALPHANUMERIC, 5, 10)}"
        case _:
            stem = dice.word(_ALPHANUMERIC, 12, 24)
    extension = dice.one_of(_EXTENSIONS).format(dice.between(1, 60))
    return stem if dice.below(4) == 0 else f"{stem}.{extension}"


def _local(dice: Dice, name: str) -> str:
    match dice.below(4):
        case 0:
            return name
        case 1:
            return f"{name}{dice.one_of(('', '.', '_'))}{dice.between(1, 999)}"
        case 2:
            return f"{name}.{_syllables(dice, 1, 2)}"
        case _:
            return dice.word(_LOWER_DIGITS, 6, 12)


def _syllables(dice: Dice, least: int, most: int) -> str:
    made = [dice.one_of(_SYLLABLES) for _ in range(dice.between(least, most))]
    return "".join(made) + dice.one_of(_ENDINGS)
