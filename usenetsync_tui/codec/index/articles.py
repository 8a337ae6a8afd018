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

from collections.abc import Sequence

from usenetsync_tui.codec.index.page import IndexPage
from usenetsync_tui.codec.index.sparse import read_sparse, write_sparse
from usenetsync_tui.codec.index.varints import read_varints, slices, write_varints
from usenetsync_tui.errors import IndexUnreadableError

NAME_SIZE = 16
"""Bytes of our own name of an article."""
_LONGEST_ALIAS = 248

Named = tuple[bytes, tuple[str, ...]]
"""The name of an article, and its further names."""


def write_articles(things: Sequence[Sequence[Named]]) -> dict[int, bytes]:
    """The columns for the articles of these things. `ValueError` for a name of other length."""
    articles = [each for thing in things for each in thing]
    if any(len(name) != NAME_SIZE for name, _ in articles):
        raise ValueError("an article's name has 16 bytes")
    aliases = [
        (row, text.encode("ascii")) for row, (_, texts) in enumerate(articles) for text in texts
    ]
    return {
        17: write_varints([len(thing) for thing in things]),
        21: b"".join([name for name, _ in articles]),
        23: write_sparse(aliases),
    }


def read_articles(page: IndexPage, count: int) -> tuple[list[int], list[Named]]:
    """How many articles each of `count` things has, and all of them; `IndexUnreadableError`."""
    copies = read_varints(page.column(17), count)
    data = page.column(21)
    if sum(copies) * NAME_SIZE != len(data):
        raise IndexUnreadableError("Its articles do not have a name each.")
    names = slices(data, [NAME_SIZE] * sum(copies))
    aliases: dict[int, list[str]] = {}
    for article, text in read_sparse(page.column(23), len(names)):
        aliases.setdefault(article, []).append(_alias(text))
    return copies, [(name, tuple(aliases.get(row, ()))) for row, name in enumerate(names)]


def _alias(data: bytes) -> str:
    text = data.decode("latin-1")
    usual = text.isascii() and text.isprintable() and not any(sign in text for sign in " <>")
    if not usual or not 0 < len(text) <= _LONGEST_ALIAS:
        raise IndexUnreadableError("An article has an impossible Message-ID.")
    return text
