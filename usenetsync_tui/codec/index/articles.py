"""The columns that name articles, the same in pages of objects and in page directories.

*Things* are segments, or pages of the index, each with some copies; *articles* are the copies of
all things in order::

    tag  for each  content
    17   thing     COPIES    how many articles it has: varint
    21   article   NAME      16 bytes each, from which the realm makes the Message-ID
                             (`codec.envelope`); stored
    23   –         ALIAS     further names of articles, row = article: the Message-ID on the wire
                             without angle brackets, 1 to 248 bytes of printable ASCII (RFC 3977
                             section 3.6): sparse
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from usenetsync_tui.codec.index.page import IndexPage
from usenetsync_tui.codec.index.sparse import read_sparse, write_sparse
from usenetsync_tui.codec.index.varints import read_varints, slices, write_varints
from usenetsync_tui.errors import IndexUnreadableError

NAME_SIZE = 16
"""Bytes of our own name of an article."""
_LONGEST_ALIAS = 248

Names = tuple[bytes, ...]
"""The name of each copy."""
Aliases = tuple[tuple[int, str], ...]
"""Copy and further name."""


def write_articles(things: Sequence[tuple[Names, Aliases]]) -> dict[int, bytes]:
    """The columns for these things. `ValueError` for names that are not 16 bytes long."""
    names = [name for each, _ in things for name in each]
    if any(len(name) != NAME_SIZE for name in names):
        raise ValueError("an article's name has 16 bytes")
    aliases, at = [], 0
    for each, others in things:
        aliases += [(at + copy, text.encode("ascii")) for copy, text in others]
        at += len(each)
    return {
        17: write_varints([len(each) for each, _ in things]),
        21: b"".join(names),
        23: write_sparse(aliases),
    }


def read_articles(page: IndexPage, count: int) -> Iterable[tuple[Names, Aliases]]:
    """Names and further names of `count` things; `IndexUnreadableError`."""
    copies = read_varints(page.column(17), count)
    data = page.column(21)
    if sum(copies) * NAME_SIZE != len(data):
        raise IndexUnreadableError("Its articles do not have a name each.")
    names = slices(data, [NAME_SIZE] * sum(copies))
    aliases: dict[int, list[str]] = {}
    for article, text in read_sparse(page.column(23), len(names)):
        aliases.setdefault(article, []).append(_alias(text))
    return _things(copies, names, aliases)


def _things(
    copies: list[int], names: list[bytes], aliases: dict[int, list[str]]
) -> Iterable[tuple[Names, Aliases]]:
    at = 0
    for count in copies:
        mine: Aliases = ()
        if aliases:
            mine = tuple((n, text) for n in range(count) for text in aliases.get(at + n, ()))
        yield tuple(names[at : at + count]), mine
        at += count


def _alias(data: bytes) -> str:
    text = data.decode("latin-1")
    usual = text.isascii() and text.isprintable() and not any(sign in text for sign in " <>")
    if not usual or not 0 < len(text) <= _LONGEST_ALIAS:
        raise IndexUnreadableError("An article has an impossible Message-ID.")
    return text
