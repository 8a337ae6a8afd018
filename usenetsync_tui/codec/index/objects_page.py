"""The page of objects: where the segments of files and packs are (`page` has the frame, type 2).

Rows are parts of objects: the segments of one object, or some consecutive ones of an object with
very many (`ObjectPart`). They ascend strictly by (number of the object, index of the first
segment). *Segments* are those of all rows in order, *articles* those of all segments. Columns are
lists of varints unless they say otherwise; *signed* and *delta* are those of `varints`::

    tag  for each  content
    1    row       NUMBER    of the object, at least 1: delta
    3    –         SHAPES    each combination once, as three varints, one after the other: realm
                             (its position in the root's list), kind (0 file, 1 pack), bytes of a
                             segment (at least 1)
    5    row       the combination of each row, from 0
    7    row       SIZE      bytes of the whole object, at least 1
    9    row       FIRST     index of the first segment of the row
    11   row       COUNT     segments of the row, at least 1
    19   segment   DIGEST    32 bytes each, by the hash function of the realm; stored
    17, 21, 23     the articles of each segment (`articles`)
    13   article   CODEC     0 none, 1 LZ4 block, 2 XZ
    15   article   SAVED     bytes of the source minus bytes of the payload (compressed, not yet
                             sealed): signed

An object of n bytes in segments of m has ceil(n / m); the last one may be shorter. A sealed article
begins with its nonce (`codec.sealing`), so the index does not repeat it.

A run may describe an object that an earlier run described: then its articles have other names now,
and the later description counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice, pairwise

from usenetsync_tui.codec.digests import DIGEST_SIZE
from usenetsync_tui.codec.index.articles import read_articles, write_articles
from usenetsync_tui.codec.index.page import IndexPage, PageType, read_page, write_page
from usenetsync_tui.codec.index.varints import (
    read_deltas,
    read_signed,
    read_varints,
    slices,
    write_deltas,
    write_signed,
    write_varints,
)
from usenetsync_tui.errors import IndexUnreadableError
from usenetsync_tui.model.entries import MOST
from usenetsync_tui.model.index.entries import IndexArticle, IndexSegment, ObjectPart
from usenetsync_tui.model.segments import Codec, ObjectKind

LARGEST_SEGMENT = 64 << 20
_KINDS = frozenset(ObjectKind)
_CODECS = frozenset(Codec)
_STORED = (19, 21)
_KNOWN = frozenset(range(1, 24, 2))


def write_objects(parts: Sequence[ObjectPart]) -> bytes:
    """A page of parts of objects, strictly ascending by number and first segment."""
    shapes: dict[tuple[int, int, int], int] = {}
    rows = [shapes.setdefault((p.realm, p.kind, p.segment_size), len(shapes)) for p in parts]
    segments = [segment for part in parts for segment in part.segments]
    sizes = [part.segment_bytes(at) for part in parts for at in range(len(part.segments))]
    articles = [
        (size, each) for size, one in zip(sizes, segments, strict=True) for each in one.articles
    ]
    columns = {
        1: write_deltas([part.number for part in parts]),
        3: write_varints([*chain.from_iterable(shapes)]),
        5: write_varints(rows),
        7: write_varints([part.size for part in parts]),
        9: write_varints([part.first for part in parts]),
        11: write_varints([len(part.segments) for part in parts]),
        13: write_varints([each.codec for _, each in articles]),
        15: write_signed([size - each.payload_size for size, each in articles]),
        19: b"".join([each.digest for each in segments]),
        **write_articles(
            [[(each.message_id, each.aliases) for each in one.articles] for one in segments]
        ),
    }
    return write_page(PageType.OBJECTS, len(parts), columns, _STORED)


def read_objects(data: bytes, realms: int) -> list[ObjectPart]:
    """The parts of objects in a page; `realms` is how many there are. `IndexUnreadableError`."""
    page = read_page(data, PageType.OBJECTS)
    page.additions(_KNOWN)
    rows = page.rows
    numbers = read_deltas(page.column(1), rows)
    sizes = read_varints(page.column(7), rows)
    firsts, counts = read_varints(page.column(9), rows), read_varints(page.column(11), rows)
    shapes = _shapes(page, realms)
    _check_order(numbers, firsts)
    extents = []
    for size, first, count, shape in zip(sizes, firsts, counts, shapes, strict=True):
        _check_extent(size, first, count, shape)
        extents += [(first, count)]
    lengths = _lengths(page, sizes, shapes, extents)
    segments = _segments(page, lengths)
    return [
        ObjectPart(number, *shape[:2], size, shape[2], first, tuple(islice(segments, count)))
        for number, shape, size, (first, count) in zip(numbers, shapes, sizes, extents, strict=True)
    ]


def _shapes(page: IndexPage, realms: int) -> list[tuple[int, int, int]]:
    """Realm, kind and segment size of each row."""
    flat = iter(read_varints(page.column(3)))
    try:
        listed = [*zip(flat, flat, flat, strict=True)]
    except ValueError as error:
        raise IndexUnreadableError("A list of three columns lacks a number.") from error
    if len(listed) > page.rows:
        raise IndexUnreadableError("It lists more kinds of objects than it has objects.")
    for realm, kind, segment_size in listed:
        if realm >= realms or kind not in _KINDS or not 0 < segment_size <= LARGEST_SEGMENT:
            raise IndexUnreadableError("An object is of a kind that does not exist.")
    numbers = read_varints(page.column(5), page.rows)
    if numbers and max(numbers) >= len(listed):
        raise IndexUnreadableError("An object is of a kind that is not listed.")
    return [listed[number] for number in numbers]


def _check_order(numbers: list[int], firsts: list[int]) -> None:
    keys = [*zip(numbers, firsts, strict=True)]
    if any(now <= then for then, now in pairwise(keys)):
        raise IndexUnreadableError("Its objects are not in order.")
    if numbers and numbers[0] < 1:
        raise IndexUnreadableError("An object has no number.")


def _check_extent(size: int, first: int, count: int, shape: tuple[int, int, int]) -> None:
    _, kind, segment_size = shape
    every = -(-size // segment_size)
    if not 0 < size <= MOST or not count or first + count > every:
        raise IndexUnreadableError("An object has segments beyond its end.")
    if kind == ObjectKind.PACK and every != 1:
        raise IndexUnreadableError("A pack has more than one segment.")


def _lengths(
    page: IndexPage,
    sizes: list[int],
    shapes: list[tuple[int, int, int]],
    extents: list[tuple[int, int]],
) -> list[int]:
    """Source bytes of each segment."""
    total = sum(count for _, count in extents)
    if total * DIGEST_SIZE != len(page.column(19)):
        raise IndexUnreadableError("Its segments do not have a digest each.")
    lengths = []
    for size, (_, _, segment_size), (first, count) in zip(sizes, shapes, extents, strict=True):
        whole = [segment_size] * count
        whole[-1] = min(segment_size, size - (first + count - 1) * segment_size)
        lengths += whole
    return lengths


def _segments(page: IndexPage, lengths: list[int]) -> Iterator[IndexSegment]:
    copies, named = read_articles(page, len(lengths))
    sizes = [length for length, count in zip(lengths, copies, strict=True) for _ in range(count)]
    codecs = read_varints(page.column(13), len(sizes))
    saved = read_signed(page.column(15), len(sizes))
    payloads = [size - less for size, less in zip(sizes, saved, strict=True)]
    if max(codecs, default=0) not in _CODECS or not _are_sizes(payloads):
        raise IndexUnreadableError("An article has an impossible codec or size.")
    columns = zip(named, codecs, payloads, strict=True)
    articles = (IndexArticle(name, c, size, texts) for (name, texts), c, size in columns)
    digests = slices(page.column(19), [DIGEST_SIZE] * len(lengths))
    for digest, count in zip(digests, copies, strict=True):
        yield IndexSegment(digest, tuple(islice(articles, count)))


def _are_sizes(payloads: list[int]) -> bool:
    return not payloads or 0 <= min(payloads) <= max(payloads) <= MOST
