"""Whole pages written down as bytes, which every reader of format version 1 must take.

Their zlib streams are not compressed, so the columns can be seen. A writer may compress as it
likes: what it writes is compared with them column by column.
"""

from __future__ import annotations

import pytest
from index_samples import (
    FILE_PAGES,
    OBJECT_PAGES,
    OBJECTS,
    PLAIN_REALM,
    a_directory,
    a_file,
    root_with,
)

from usenetsync_tui.codec.index.directory import read_directory, write_directory
from usenetsync_tui.codec.index.files_page import read_files, write_files
from usenetsync_tui.codec.index.filters import read_filters, write_filters
from usenetsync_tui.codec.index.objects_page import read_objects, write_objects
from usenetsync_tui.codec.index.page import PageType, read_page
from usenetsync_tui.codec.index.root import read_root, write_root
from usenetsync_tui.model.index.roots import IndexRun

NUMBERS = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
FILES = bytes.fromhex(
    "555349580101020c01040304050a074009040b0c0d100f021502170219021b41487801013d00c2ff"
    "00000005612e747874020a130001ed03e907650000000000a403e907650504616e6e610575736572"
    "7300018084a4920d00959aef3a959aef3a05540e00d0111193" + NUMBERS + "e5803f7beb06abd6"
)
OBJECTS_PAGE = bytes.fromhex(
    "555349580102010b0102030a0502070609020b020d040f0c110213411541207801011500eaff0e00"
    "0180f02e00e0dc2a00010101f0a955f0a9550249330775" + NUMBERS + NUMBERS + "50da25906a39e5bb"
)
DIRECTORY = bytes.fromhex(
    "555349580103010801020302050207020f04110213411541127801010700f8ff00000000e8070202"
    "cf00f2" + NUMBERS + NUMBERS + "e7e99d8049f2f716"
)
ROOT = bytes.fromhex(
    "555349580104010a012e050c072209500b100d020fcd031102130915086f78010164009bff030001"
    "c0843d80897a0502018080c0010501018080400070686f746f732f686f6d652f616e6e612f70686f"
    "746f730126090606090000010600007368617264737061636b6564652e6578616d706c6501736861"
    "32353603010201d80473730a0200020102c5f41b93"
    + DIRECTORY.hex()
    + "5553495801030108010203020b020d020f04110213411541127801010700f8ff01000000f4030202"
    "f200fb" + NUMBERS + NUMBERS + "62de1732e82b729600000005e65b41633564e058"
)

FILTERS = bytes.fromhex(
    "030d0f0b0203072a2e6f216b6565702e6f010d2f6574632f6578636c7564656401092e6e6f6261636b75700503"
)

TINY = [a_directory(b"", user=b"", group=b""), a_file(b"a.txt")]
TINY_ROOT = root_with(
    older=(),
    filters=None,  # as in all roots before the column was added
    realms=(PLAIN_REALM,),
    runs=(IndexRun(3, True, 2, 1, 600, FILE_PAGES[:1] + OBJECT_PAGES, frozenset({5})),),
)


def test_the_pages_that_are_written_down_are_read() -> None:
    assert read_files(FILES) == TINY
    assert read_objects(OBJECTS_PAGE, 1) == OBJECTS[:1]
    assert read_directory(DIRECTORY) == [*FILE_PAGES[:1]]
    assert read_root(ROOT, 3) == TINY_ROOT
    assert root_with().filters is not None
    assert read_filters(FILTERS + b"\0") == root_with().filters  # a newer writer may add to it
    assert write_filters(root_with().filters) == FILTERS


@pytest.mark.parametrize(
    ("written", "known"),
    [
        (write_files(TINY), FILES),
        (write_objects(OBJECTS[:1]), OBJECTS_PAGE),
        (write_directory(FILE_PAGES[:1]), DIRECTORY),
    ],
    ids=["files", "objects", "directory"],
)
def test_the_columns_that_are_written_down_are_written(written: bytes, known: bytes) -> None:
    kind = PageType(known[5])
    assert read_page(written, kind) == read_page(known, kind)


def test_a_written_root_has_the_same_columns() -> None:
    made, known = (read_page(data, PageType.ROOT) for data in (write_root(TINY_ROOT), ROOT))
    for tag in known.columns.keys() - {11, 15}:  # lengths and bytes of the pages within
        assert made.columns[tag] == known.columns[tag]
