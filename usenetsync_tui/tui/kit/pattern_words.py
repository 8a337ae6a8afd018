"""Patterns and names as words of one line, with spaces between them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

_WORD = re.compile(r"(?:\\.|[^\\\s])+\\?|\\", re.DOTALL)


def words(text: str, *, escaped: bool = False) -> tuple[bytes, ...]:
    """The words of a line; a backslash keeps a space in its word, and stays if `escaped`."""
    found = _WORD.findall(text)
    if not escaped:
        found = [re.sub(r"\\(.)", r"\1", word) for word in found]
    return tuple(map(os.fsencode, found))


def typed(values: Sequence[bytes], *, escaped: bool = False) -> str:
    """The line with these words: the inverse of `words`.

    In an `escaped` word only a space without a backslash gets one.
    """
    special = r"(?<!\\)(\s)" if escaped else r"([\\\s])"
    return " ".join(re.sub(special, r"\\\1", os.fsdecode(value)) for value in values)
