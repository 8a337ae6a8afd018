"""Runs cut into pages: all rows, in pages of the right size, found again by their directories."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st
from index_samples import a_file, a_segment
from index_samples import entries as any_entries

from usenetsync_tui.codec.index import cutting
from usenetsync_tui.codec.index.cutting import CutPage, FilesCutter, ObjectsCutter
from usenetsync_tui.codec.index.directory import (
    directory_size,
    grouped,
    line_of,
    read_directory,
    row_size,
    write_directory,
)
from usenetsync_tui.codec.index.files_columns import FilesColumns
from usenetsync_tui.codec.index.files_page import read_files, write_files
from usenetsync_tui.codec.index.objects_page import read_objects
from usenetsync_tui.codec.index.paths import LONGEST_PATH
from usenetsync_tui.model.index.entries import IndexEntry, ObjectPart
from usenetsync_tui.model.index.roots import PageRef

TARGET = 5_000


def files(count: int) -> Iterator[IndexEntry]:
    for n in range(count):
        yield a_file(b"folder %03d/file %06d" % (n // 50, n), offset=n, digest=n.to_bytes(32))


def cut(entries: Iterable[IndexEntry], target: int = TARGET, batch: int = 70) -> Iterator[CutPage]:
    cutter, every = FilesCutter(target), iter(entries)
    while rows := [*islice(every, batch)]:
        yield from cutter.add(FilesColumns.of(rows))
    last = cutter.finish()
    if last is not None:
        yield last
    assert cutter.finish() is None


def line(page: CutPage, number: int, level: int = 0) -> PageRef:
    names = (number.to_bytes(16),)
    digest = blake3(page.data).digest()
    return PageRef(level, page.of_objects, page.first, digest, len(page.data), names)


def test_all_files_are_in_pages_of_the_wanted_size() -> None:
    every = [*files(1000)]
    pages = [*cut(every)]
    assert [entry for page in pages for entry in read_files(page.data)] == every
    assert len(pages) > 5 and max(len(page.data) for page in pages) <= TARGET
    assert min(len(page.data) for page in pages[:-1]) > TARGET / 3
    assert sum(page.rows for page in pages) == 1000
    assert [*cut([])] == []


@settings(max_examples=80, deadline=None)
@given(any_entries(), st.integers(60, 3_000), st.integers(1, 9))
def test_pages_do_not_depend_on_the_batches(
    rows: list[IndexEntry], target: int, batch: int
) -> None:
    pages, singly = [*cut(rows, target, batch)], [*cut(rows, target, 1)]
    assert pages == singly
    assert [entry for page in pages for entry in read_files(page.data)] == rows
    for page in pages:
        assert page.data == write_files(read_files(page.data))
        assert page.rows == len(read_files(page.data))
    firsts = [page.first for page in pages]
    assert firsts == sorted(firsts) and firsts[:1] in ([], [b""])


def test_lines_in_directories_of_many_levels_lead_to_each_page() -> None:
    """Directories of a few lines, and directories of these, down to one line."""
    pages = [*cut(files(1000))]
    below = {line(page, 0).digest: page for page in pages}
    lines = leaves = [line(page, number) for number, page in enumerate(pages)]
    target, level = 2 * row_size(lines[1], None), 0
    while len(lines) > 1:
        groups = [*grouped(lines, target)]
        assert [row for group in groups for row in group] == lines
        assert all(directory_size(group) < target + 100 for group in groups)
        level += 1
        directories = [
            CutPage(write_directory(group), False, group[0].first, len(group)) for group in groups
        ]
        lines = [line(page, n, level) for n, page in enumerate(directories)]
        below |= {each.digest: page for each, page in zip(lines, directories, strict=True)}
    assert level >= 3 and lines[0].first == b""
    for entry in [*files(1000)][::9]:
        found: PageRef | None = lines[0]
        while found is not None and found.level:
            found = line_of(read_directory(below[found.digest].data, found.level), entry.path)
        assert found in leaves
        assert entry in read_files(below[found.digest].data)


def test_an_object_with_many_segments_goes_over_pages() -> None:
    segments = [a_segment(0, 100)] * 20
    parts = [ObjectPart(5, 0, 0, 100 * 400, 100, at * 20, tuple(segments)) for at in range(20)]
    cutter, pages = ObjectsCutter(TARGET), []
    for begin, end in pairwise((0, 1, 7, 20)):
        pages += cutter.add(parts[begin:end])
    last = cutter.finish()
    assert last is not None and cutter.finish() is None and len(pages) > 3
    pages.append(last)
    assert [part for page in pages for part in read_objects(page.data, 1)] == parts
    lines = [line(page, number) for number, page in enumerate(pages)]
    assert lines[0].first == (5, 0) and lines[1].first == (5, 20 * pages[0].rows)
    assert line_of(lines, (5, 399)) == lines[-1] and line_of(lines, (4, 0)) is None


def test_a_page_has_any_one_row_but_never_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    long = a_file(b"a" * 50_000)
    pages = [*cut([long, a_file(b"b"), a_file(b"c", attributes=((72, bytes(20_000)),))])]
    assert [page.rows for page in pages] == [1, 1, 1]
    assert pages[1].first == b"b"
    monkeypatch.setattr(cutting, "MOST_ROWS", 60)
    assert [page.rows for page in cut(files(100), 10**9)] == [60, 40]


def test_a_path_out_of_order_or_too_long_is_the_writers_mistake() -> None:
    wrong = (b"b",), (b"a",), (b"c" * (LONGEST_PATH + 1),), (b"c", b"c"), (b"d", b"c")
    for paths in wrong:
        cutter = FilesCutter()
        cutter.add(FilesColumns.of([a_file(b"b")]))
        with pytest.raises(ValueError, match="out of order or too long"):
            cutter.add(FilesColumns.of([a_file(path) for path in paths]))


def test_memory_does_not_grow_with_the_number_of_files() -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        rows = sum(len(read_files(page.data)) for page in cut(files(count), 50_000))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert rows == count
        return found

    peak(100)
    # Other threads of the tests allocate, too.
    assert min(peak(5000) for _ in range(3)) < 1.2 * peak(1500)
