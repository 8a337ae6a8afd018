"""The pages of an index: what goes in comes out, whatever it is."""

from __future__ import annotations

import random
import zlib

import pytest
import xxhash
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st
from index_samples import (
    FILE_PAGES,
    NOW,
    OBJECT_PAGES,
    OBJECTS,
    ROOT,
    SAMPLE,
    a_file,
    entries,
    parts,
)

from usenetsync_tui.codec.index.directory import line_of, read_directory, write_directory
from usenetsync_tui.codec.index.files_columns import FilesColumns
from usenetsync_tui.codec.index.files_page import read_files, write_files
from usenetsync_tui.codec.index.files_reading import read_columns
from usenetsync_tui.codec.index.keys import IndexKeys
from usenetsync_tui.codec.index.objects_page import read_objects, write_objects
from usenetsync_tui.codec.index.page import PageType, read_page, write_page
from usenetsync_tui.codec.index.paths import shared_length
from usenetsync_tui.codec.index.root import fingerprint, read_root, write_root
from usenetsync_tui.codec.index.varints import (
    read_deltas,
    read_signed,
    read_varints,
    write_deltas,
    write_signed,
    write_varints,
)
from usenetsync_tui.codec.sealing import open_sealed, seal
from usenetsync_tui.model.index.entries import IndexEntry, ObjectPart
from usenetsync_tui.model.segments import Codec

_number = st.integers(0, 2**64 - 1) | st.integers(0, 300)
_signed = st.integers(-(2**63), 2**63 - 1) | st.integers(-200, 200)


def test_the_numbers_of_the_specification() -> None:
    assert write_varints([0, 127, 128, 300]).hex() == "007f8001ac02"
    assert write_varints([2**64 - 1]).hex() == "ff" * 9 + "01"
    assert write_signed([-1, 1, -(2**63)]).hex() == "0102" + "ff" * 9 + "01"
    assert write_deltas([5, 3, 3]).hex() == "0a0300"


@settings(deadline=None)
@given(st.lists(_number), st.lists(_signed))
def test_any_numbers_come_back(numbers: list[int], signed: list[int]) -> None:
    assert read_varints(write_varints(numbers), len(numbers)) == numbers
    assert read_signed(write_signed(signed)) == signed
    assert read_deltas(write_deltas(signed), len(signed)) == signed
    others = [value // 2 for value in signed]
    assert read_deltas(write_deltas(signed, others), len(signed), others) == signed


@settings(deadline=None)
@given(st.binary(max_size=30), st.binary(max_size=30), st.binary(max_size=30))
def test_the_shared_beginning_is_found(both: bytes, one: bytes, other: bytes) -> None:
    a, b = both + one, both + other
    length = shared_length(a, b)
    assert a[:length] == b[:length]
    assert a[length : length + 1] != b[length : length + 1] or length == len(a) == len(b)


def test_the_samples_come_back() -> None:
    assert read_files(write_files(SAMPLE)) == SAMPLE
    assert read_objects(write_objects(OBJECTS), 1) == OBJECTS
    assert read_directory(write_directory(FILE_PAGES)) == [*FILE_PAGES]
    assert read_directory(write_directory(OBJECT_PAGES)) == [*OBJECT_PAGES]
    assert read_root(write_root(ROOT), 3) == ROOT


@settings(max_examples=60, deadline=None)
@given(entries())
def test_any_files_come_back(page: list[IndexEntry]) -> None:
    assert read_files(write_files(page)) == page


@settings(max_examples=40, deadline=None)
@given(parts())
def test_any_objects_come_back(page: list[ObjectPart]) -> None:
    assert read_objects(write_objects(page), 2) == page


@pytest.mark.parametrize("step", [0, 1, 10**6])
def test_change_times_are_kept_near_each_other_or_near_the_content(step: int) -> None:
    """Files that were copied have change times that follow each other; others those of mtime."""
    page = [
        a_file(b"%03d" % n, mtime_ns=NOW + n * 10**9, ctime_ns=NOW + n * step) for n in range(9)
    ]
    columns = read_page(write_files(page), PageType.FILES).columns
    assert (17 in columns) != (19 in columns) and read_files(write_files(page)) == page


@pytest.mark.parametrize("bits", [7, 14, 28, 56, 64])
@pytest.mark.parametrize("every", [1, 3, 40])
def test_long_lists_of_numbers_come_back(bits: int, every: int) -> None:
    """Where they are many, they are decoded a thousand at a time, without the short ones."""
    chosen = random.Random(bits * every)
    numbers = [
        chosen.getrandbits(chosen.randint(1, bits)) if at % every == 0 else at % 128
        for at in range(3_000)
    ]
    assert read_varints(write_varints(numbers), len(numbers)) == numbers


def test_only_some_rows_are_taken_of_columns() -> None:
    page = [
        a_file(
            b"%03d" % number,
            offset=5 * number,
            inode=number,
            attributes=(((66, b"x"),) * (number % 2)),
        )
        for number in range(9)
    ]
    columns = read_columns(write_files(page))
    assert columns.only([1, 2, 8]).entries() == [page[1], page[2], page[8]]
    assert FilesColumns.of(page).entries() == page


# --- the bytes of the specification ------------------------------------------------------


def test_a_page_of_files_in_bytes() -> None:
    """Column by column, since zlib's bytes may differ with its version."""
    page = [a_file(b"a", inode=3), a_file(b"ab", offset=5, mtime_ns=NOW + 10**9, digest=b"\1" * 32)]
    columns = read_page(write_files(page), PageType.FILES).columns
    found = {tag: data.hex() for tag, data in columns.items()}
    assert found == {
        1: "0001",
        3: "0101",
        5: "6162",
        7: "0113" + "0000a403e9076505" + "04616e6e61" + "057573657273",
        9: "0000",
        11: "8084a4920d" + "02",
        13: "959aef3a959aef3a",
        15: "0505",
        19: "00" + "ffa7d6b907",
        21: "06" + "4e",
        23: "0e00",
        25: "0000",
        27: bytes(range(32)).hex() + "01" * 32,
    }


def test_the_frame_of_a_page_in_bytes() -> None:
    """A page that stores all it has; and one written by hand that the reader must take."""
    made = write_page(PageType.FILES, 0, {})
    empty = zlib.compress(b"", 9)
    body = b"USIX\x01\x01" + b"\x00\x00" + bytes([len(empty)]) + empty
    assert made == body + xxhash.xxh3_64_intdigest(body).to_bytes(8)
    packed = zlib.compress(b"ab", 0)
    body = b"USIX\x01\x03\x02\x02" + b"\x01\x04" + b"\x03\x07" + bytes([len(packed)]) + packed
    body += b"xyz"
    page = read_page(body + xxhash.xxh3_64_intdigest(body).to_bytes(8), PageType.DIRECTORY)
    assert page.rows == 2 and page.columns == {1: b"ab", 3: b"xyz"}


def test_what_follows_from_a_secret() -> None:
    keys = IndexKeys(bytes(range(32)))
    assert keys.sealing.hex() == "d368f9128ff98dc30e4a4e88942357deb073efba411ea1cbd09f196c7d977fcb"
    assert keys.root_name(1).hex() == "55f4d52fe25e20b35ff0b4c75cd6ae17"
    assert keys.root_name(300, 1, 1).hex() == "ad9b47ccf8dfbdde35cf6c3ffa6f626d"
    headers = keys.headers(["alt.binaries.test"])
    assert headers.wire_id(keys.root_name(1)) == "bk79h2pewlxz$3h4gv908jrtuq@feariemir.qr"
    assert fingerprint(b"a.txt") == int.from_bytes(blake3(b"a.txt").digest()[:4])
    assert bytes(range(8)).hex() not in repr(keys)


def test_a_sealed_page_opens_as_any_payload() -> None:
    keys, page = IndexKeys(bytes(range(32))), write_root(ROOT)
    assert open_sealed(keys.sealing, seal(keys.sealing, bytes(12), Codec.NONE, page)) == (0, page)


def test_a_path_is_in_one_page_only() -> None:
    lines = [FILE_PAGES[0], FILE_PAGES[1], FILE_PAGES[1]._replace(first=b"f")]
    found = [line_of(lines, path) for path in (b"", b"a", b"dir", b"dir/x", b"e", b"f", b"z")]
    assert [line and line.first for line in found] == [b"", b"", b"dir", b"dir", b"dir", b"f", b"f"]
    assert line_of([], b"a") is None
    assert line_of(OBJECT_PAGES, (5, 3)) == OBJECT_PAGES[0]
