"""Bytes of an index that are not what they should be: one error, and a sentence that says why.

The pages here have right checksums: what tells bytes damaged on the way is the first test's.
"""

from __future__ import annotations

import random
import time
import tracemalloc
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import pytest
import xxhash
from index_samples import (
    DIGEST,
    FILE_PAGES,
    OBJECT_PAGES,
    OBJECTS,
    ROOT,
    SAMPLE,
    SEALED_REALM,
    a_directory,
    a_file,
    a_line,
    a_link,
    removed,
    root_with,
)

from usenetsync_tui.codec.index.directory import read_directory, write_directory
from usenetsync_tui.codec.index.files_page import read_files, write_files
from usenetsync_tui.codec.index.merging import merged, runs_of
from usenetsync_tui.codec.index.objects_page import read_objects, write_objects
from usenetsync_tui.codec.index.page import LARGEST_PAGE, PageType, read_page, write_page
from usenetsync_tui.codec.index.root import read_root, write_root
from usenetsync_tui.codec.index.varints import read_varints, write_texts, write_varints
from usenetsync_tui.errors import IndexUnreadableError
from usenetsync_tui.model.filters import Filters
from usenetsync_tui.model.index.entries import IndexSegment, ObjectPart

READERS: dict[PageType, Callable[[bytes], object]] = {
    PageType.FILES: read_files,
    PageType.OBJECTS: lambda data: read_objects(data, 1),
    PageType.DIRECTORY: read_directory,
    PageType.ROOT: lambda data: read_root(data, 3),
}
SAMPLES = {
    PageType.FILES: write_files(SAMPLE),
    PageType.OBJECTS: write_objects(OBJECTS),
    PageType.DIRECTORY: write_directory(FILE_PAGES),
    PageType.ROOT: write_root(ROOT),
}


def refused(read: Callable[[bytes], object], data: bytes, words: str = "read") -> None:
    with pytest.raises(IndexUnreadableError, match=words) as caught:
        read(data)
    assert str(caught.value).startswith("The snapshot's index cannot be read. ")


def with_columns(kind: PageType, changes: Mapping[int, bytes], rows: int | None = None) -> bytes:
    """A sample with other columns, and a right checksum."""
    page = read_page(SAMPLES[kind], kind)
    columns = {**page.columns, **changes}
    return write_page(kind, page.rows if rows is None else rows, columns, (15, 19, 21, 27))


def framed(body: bytes) -> bytes:
    return body + xxhash.xxh3_64_intdigest(body).to_bytes(8)


# --- the frame ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", PageType)
def test_a_page_cut_short_or_with_a_flipped_bit_is_refused(kind: PageType) -> None:
    data, read = SAMPLES[kind], READERS[kind]
    for end in range(len(data)):
        refused(read, data[:end])
    for at in range(len(data)):
        refused(read, data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
    refused(read, data + b"\0")
    refused(read, framed(data[:-8] + b"\0"), "left over")
    refused(read, framed(data[:4] + b"\2" + data[5:-8]), "A newer UsenetSync made it")
    other = next(sample for each, sample in SAMPLES.items() if each != kind)
    refused(read, other, "of type")


@pytest.mark.parametrize("kind", PageType)
def test_random_damage_under_a_right_checksum_is_refused_or_read(kind: PageType) -> None:
    """Whatever comes out was checked; nothing but our error comes out otherwise."""
    dice, page = random.Random(5), read_page(SAMPLES[kind], kind)
    columns = {tag: data for tag, data in page.columns.items() if data}
    for _ in range(600):
        tag = dice.choice(list(columns))
        data = bytearray(columns[tag])
        for _ in range(dice.randint(1, 3)):
            at = dice.randrange(len(data) + 1)
            data[at : at + dice.randint(0, 2)] = dice.randbytes(dice.randint(0, 2))
        try:
            READERS[kind](with_columns(kind, {tag: bytes(data)}))
        except IndexUnreadableError:
            pass


def head(*numbers: int, kind: int = 1) -> bytes:
    return b"USIX\x01" + bytes([kind]) + write_varints(numbers)


def test_lying_lengths_are_refused_before_memory_is_taken() -> None:
    huge, empty = 2**62, zlib.compress(b"")
    bomb = zlib.compress(bytes(64 << 20), 9)
    for body, words in (
        (head(0, 1, 1, 2 * huge, len(empty)) + empty, "may have"),
        (head(huge, 0, len(empty)) + empty, "rows"),
        (head(0, huge, len(empty)) + empty, "columns"),
        (head(0, 0, huge) + empty, "claims"),
        (head(0, 1, 1, 2 * 100, len(empty)) + empty, "does not decompress to"),
        (head(0, 1, 1, 2 * 100 + 1, len(empty)) + empty, "where 0 are left"),
        (head(0, 1, 1, 2 * 10, len(bomb)) + bomb, "does not decompress to"),
        (head(0, 1, 1, 2 * LARGEST_PAGE, len(bomb)) + bomb, "does not decompress to"),
        (head(0, 2, 3, 2, 1, 2, len(empty)) + empty, "out of order"),
        (head(0, 2, 3, 2, 3, 2, len(empty)) + empty, "out of order"),
        (head(0, 1, 1, 4, 3) + b"abc", "does not decompress"),
        (b"USIX\x01\x01" + b"\xff" * 11, "no end"),
        (b"USIX\x01\x01" + b"\xff" * 9 + b"\x7f", "64 bits"),
        (b"USIX\x01\x01\x80", "middle of a number"),
    ):
        tracemalloc.start()
        refused(read_files, framed(body), words)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 * LARGEST_PAGE


@pytest.mark.parametrize("data", ["80", "ff" * 10, "ff" * 10 + "01", "ff" * 9 + "02", "01ff"])
def test_a_list_of_impossible_numbers_is_refused(data: str) -> None:
    refused(read_varints, bytes.fromhex(data), "no end|64 bits")


def test_many_rows_in_few_bytes_are_bounded() -> None:
    """Paths that share megabytes would be gigabytes; classes, attributes would be quadratic."""
    began = time.process_time()
    rows, first = 1_000, 100_000  # 100 MB of paths
    shared = write_varints([0, *range(first, first + rows - 1)])
    rests = write_varints([first, *[1] * (rows - 1)])
    columns = {1: shared, 3: rests, 5: b"a" * (first + rows - 1)}
    refused(read_files, with_columns(PageType.FILES, columns, rows), "too long")
    rows = 60_000
    many = write_varints([rows, *[0] * rows, *[0] * rows])
    refused(read_files, with_columns(PageType.FILES, {64: many}), "twice")
    classes = write_texts([b"\0" * 8] * rows)
    refused(read_files, with_columns(PageType.FILES, {7: classes}), "more kinds of files")
    shapes = write_varints([0, 0, 1] * rows)
    refused(READERS[PageType.OBJECTS], with_columns(PageType.OBJECTS, {3: shapes}), "more kinds")
    assert time.process_time() - began < 20


# --- what the rows say -------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        b"/etc/passwd",
        b"../up",
        b"a/../../up",
        b"a/..",
        b"..",
        b".",
        b"./a",
        b"a/./b",
        b"a//b",
        b"a\0b",
        b"/",
        b"a/../",
        b"//",
    ],
)
def test_a_path_that_leads_out_of_the_target_is_refused(path: bytes) -> None:
    make = a_directory if path.endswith(b"/") else a_file
    refused(read_files, write_files([make(path)]), "impossible path")


def test_paths_out_of_order_and_doubled_are_refused() -> None:
    for page in ([b"b", b"a"], [b"a", b"a"], [b"a/b", b"a"], [b"", b""]):
        rests = {1: bytes(2), 3: write_varints([*map(len, page)]), 5: b"".join(page)}
        refused(read_files, with_columns(PageType.FILES, rests, 2), "not in order")
    refused(read_files, with_columns(PageType.FILES, {1: b"\1" * 8}), "shares more|add up")
    pages = ([a_file(b"a"), a_file(b"c")], [a_file(b"b")])
    with pytest.raises(IndexUnreadableError, match="pages of a run are not in order"):
        list(merged([[entry for page in pages for entry in page]]))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (a_file(b"a/"), "directory"),
        (a_directory(b"a"), "directory"),
        (a_link(b"a", b"x\0y"), "NUL"),
        (a_file(b"a", kind=3), "does not exist"),
        (a_file(b"a", change=4), "does not exist"),
        (a_file(b"a", mode=0o10000), "does not exist"),
        (a_link(b"a", b"b")._replace(digest_kind=1, digest=DIGEST), "not a file"),
        (a_directory(b"a/", object=5), "not a file"),
        (removed(b"a")._replace(mode=1), "removed path"),
        (removed(b"a")._replace(user=b"root"), "removed path"),
        (a_file(b"a", object=0), "no number"),
        (a_file(b"a", object=-1), "impossible"),
        (a_file(b"a", offset=-1), "impossible"),
        (a_file(b"a", size=2**63), "impossible"),
        (a_file(b"a", mtime_ns=2**64), "time is impossible"),
        (a_file(b"a", mtime_ns=-(2**63)), "time is impossible"),
        (a_file(b"a", digest=b"short"), "add up"),
    ],
)
def test_an_entry_that_cannot_be_is_refused(entry: object, words: str) -> None:
    refused(read_files, write_files([entry]), words)  # type: ignore[list-item]


FIRST = OBJECTS[0]


def with_article(**changes: object) -> ObjectPart:
    """The first object, whose only article has other fields."""
    article = FIRST.segments[0].articles[0]._replace(**changes)  # type: ignore[arg-type]
    return FIRST._replace(segments=(IndexSegment(DIGEST, (article,)),))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([FIRST, FIRST], "not in order"),
        ([OBJECTS[2], OBJECTS[1]], "not in order"),
        ([FIRST._replace(number=0)], "no number"),
        ([FIRST._replace(realm=1)], "does not exist"),
        ([FIRST._replace(kind=3)], "does not exist"),
        ([FIRST._replace(segment_size=100 << 20)], "does not exist"),
        ([FIRST._replace(size=800_000)], "pack has more"),
        ([OBJECTS[2]._replace(first=3)], "beyond its end"),
        ([FIRST._replace(segments=())], "beyond its end"),
        ([with_article(codec=3)], "codec or size"),
        ([with_article(payload_size=-1)], "codec or size"),
        ([with_article(aliases=("a b",))], "Message-ID"),
        ([with_article(aliases=("a" * 249,))], "Message-ID"),
        ([FIRST._replace(segments=(IndexSegment(b"x", ()),))], "digest each"),
    ],
)
def test_an_object_that_cannot_be_is_refused(parts: list[object], words: str) -> None:
    refused(READERS[PageType.OBJECTS], write_objects(parts), words)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("root", "words"),
    [
        (root_with(current=a_line(4)), "of version 4 instead of 3"),
        (root_with(older=(a_line(3),)), "older versions are not in order"),
        (root_with(older=(a_line(2), a_line(1))), "older versions are not in order"),
        (root_with(older=(a_line(4),)), "older versions are not in order"),
        (root_with(older=(a_line(0),)), "not finished"),
        (root_with(current=a_line(3, state=0)), "not finished"),
        (root_with(runs=()), "runs are not in order"),
        (root_with(runs=ROOT.runs[1:]), "must be a base"),
        (root_with(runs=(ROOT.runs[0], ROOT.runs[0])), "must be a base"),
        (root_with(runs=(ROOT.runs[0], replace(ROOT.runs[1], version=4))), "runs are not in order"),
        (root_with(runs=(replace(ROOT.runs[0], pages=FILE_PAGES[1:]),)), "not the one of its run"),
        (root_with(folder=ROOT.folder._replace(realm=2)), "how the folder was backed up"),
        (root_with(folder=ROOT.folder._replace(copies=0)), "number of copies"),
        (root_with(filters=Filters(exclude_files=(b"relative",))), "no absolute path"),
        (root_with(filters=Filters(exclude_if_present=(b"../up",))), "filters are impossible"),
        (root_with(filters=Filters(exclude=(b"a\0b",))), "filters are impossible"),
        (root_with(filters=Filters(exclude_larger_than=2**63)), "filters are impossible"),
        (root_with(realms=(replace(SEALED_REALM, key=None),)), "A realm has a key"),
        (root_with(realms=(replace(SEALED_REALM, key=b"short"),)), "another length"),
        (root_with(realms=(replace(SEALED_REALM, store="tape"),)), "unknown store"),
        (root_with(realms=(replace(SEALED_REALM, domain="a b"),)), "impossible domain"),
        (root_with(realms=(replace(SEALED_REALM, newsgroups=("a\r\nX: y",)),)), "newsgroups"),
        (root_with(realms=(replace(SEALED_REALM, sender="a\r\nX: y"),)), "impossible poster"),
        (root_with(realms=(replace(SEALED_REALM, header_style=9),)), "headers of a newer"),
        (root_with(realms=(replace(SEALED_REALM, digest="md5"),)), "unknown digest"),
    ],
)
def test_a_root_that_cannot_be_is_refused(root: object, words: str) -> None:
    refused(READERS[PageType.ROOT], write_root(root), words)  # type: ignore[arg-type]


def test_directories_do_not_lead_in_circles() -> None:
    """From line to line the level falls by one, and it begins with 8 at most."""
    deeper = write_directory([row._replace(level=1) for row in FILE_PAGES])
    assert read_directory(deeper, 2) == read_directory(deeper, None)
    for level in (1, 3, 9):
        refused(partial(read_directory, level=level), deeper, "levels")
    mixed = write_directory([FILE_PAGES[0]._replace(level=1), FILE_PAGES[1]])
    deepest = write_directory([FILE_PAGES[0]._replace(level=9)])
    for data in (mixed, deepest):
        for level in (None, 1, 10):
            refused(partial(read_directory, level=level), data, "levels")
    refused(read_directory, write_directory([*reversed(FILE_PAGES)]), "not in order")
    doubled = [OBJECT_PAGES[0], OBJECT_PAGES[0]]
    refused(read_directory, write_directory(doubled), "not in order")
    refused(read_directory, write_directory([FILE_PAGES[0]._replace(size=2**40)]), "larger")


# --- what a later format adds ------------------------------------------------------------


def test_additions_are_skipped_and_what_must_be_known_is_refused() -> None:
    for kind, read in READERS.items():
        assert read(with_columns(kind, {40: b"something new"})) == read(SAMPLES[kind])
        refused(read, with_columns(kind, {41: b"something new"}), "update this one")


def test_an_unknown_attribute_is_kept() -> None:
    page = [a_file(b"a", attributes=((72, b"user.x=1"),)), a_file(b"b")]
    assert read_files(write_files(page)) == page
    with pytest.raises(ValueError, match="not the tag"):
        write_files([a_file(b"a", attributes=((63, b""),))])


def test_merged_runs_say_what_a_version_has() -> None:
    base = [a_file(b"a"), a_file(b"b"), a_file(b"d"), a_file(b"e")]
    second = [removed(b"a"), a_file(b"b", size=2, change=2), a_file(b"c", change=1)]
    third = [a_file(b"a", size=3, change=1), removed(b"d"), removed(b"never")]
    found = [(entry.path, entry.size) for entry in merged([base, second, third])]
    assert found == [(b"a", 3), (b"b", 2), (b"c", 5), (b"e", 5)]
    assert [e.path for e in merged([base, second])] == [b"b", b"c", b"d", b"e"]
    assert [e.path for e in merged([[removed(b"a"), a_file(b"b")]])] == [b"b"]
    assert list(merged([])) == []
    assert [run.version for run in runs_of(ROOT, 2)] == [1] and not runs_of(ROOT, 0)
