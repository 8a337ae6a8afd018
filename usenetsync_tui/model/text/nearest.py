"""The known word that is closest to a wrong one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str], *, least: float = 0.65) -> str:
    """`` Did you mean "max_workers"?``, with the space before it; empty when no word is close.

    `least`: as in `nearest`.
    """
    found = nearest(word, known, least=least)
    return f' Did you mean "{found}"?' if found else ""


def nearest(word: str, known: Iterable[str], *, least: float = 0.65) -> str | None:
    """The most similar of some words; None when no word is close.

    `least`: how similar two words must be (`difflib.SequenceMatcher.ratio`). Upper and lower case
    are the same, and so are a hyphen and an underscore.
    """
    by_shape = {_shape(name): name for name in known}
    found = get_close_matches(_shape(word), by_shape, n=1, cutoff=least)
    return by_shape[found[0]] if found else None


def _shape(word: str) -> str:
    return word.casefold().replace("-", "_")
