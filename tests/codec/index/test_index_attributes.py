"""The values of attributes: written down as bytes, and hostile ones."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from index_samples import a_file

from usenetsync_tui.codec.index.attributes import (
    guard,
    read_extents,
    read_sparse_content,
    read_special,
    read_xattrs,
    with_meaning,
    write_extents,
    write_sparse_content,
    write_special,
    write_xattrs,
)
from usenetsync_tui.codec.index.files_page import read_files, write_files
from usenetsync_tui.codec.index.varints import write_varints
from usenetsync_tui.errors import IndexUnreadableError
from usenetsync_tui.model.digests import DigestKind
from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.index.entries import AttributeTag
from usenetsync_tui.model.metadata.metadata import MOST_RUNS, MOST_XATTRS, Extent, Extents

SPARSE = Extents(20_000, (Extent(8_192, 4_096),))


def test_the_values_that_are_written_down() -> None:
    assert write_xattrs([(b"user.a", b"1")]).hex() == "0106757365722e610131"
    assert write_special(FileKind.BLOCK_DEVICE, b"8:1").hex() == "060801"
    assert write_sparse_content(3, write_extents(SPARSE)).hex() == "03a09c010180408020"
    assert guard(write_extents(SPARSE)).hex() == (
        "a07c13e3161fe4ef5ce868c6920764eb85c5fd4b082c596f0aabb267ca82a9d8"
    )


@given(st.dictionaries(st.binary(min_size=1, max_size=9).filter(lambda n: b"\0" not in n),
                       st.binary(max_size=300), max_size=5))  # fmt: skip
def test_extended_attributes_come_back_in_order(xattrs: dict[bytes, bytes]) -> None:
    assert read_xattrs(write_xattrs([*xattrs.items()])) == tuple(sorted(xattrs.items()))


@given(st.lists(st.tuples(st.integers(1, 1 << 40), st.integers(1, 1 << 30)), max_size=9))
def test_extents_come_back(gaps: list[tuple[int, int]]) -> None:
    end, runs = 0, []
    for gap, length in gaps:
        runs.append(Extent(end + gap, length))
        end += gap + length
    extents = Extents(end + 7, tuple(runs))
    assert read_extents(write_extents(extents)) == extents
    assert extents.pieces(0, extents.stored) == runs


def _content(value: bytes) -> object:
    return read_sparse_content(value, SPARSE.stored)


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (read_xattrs, "0206757365722e610006757365722e6100"),  # a name twice
        (read_xattrs, "01000131"),  # without a name
        (read_xattrs, "ffffffffffffffffff0101"),
        (read_special, "00"),  # a regular file
        (read_special, "0508"),  # a device without its minor number
        (read_special, "0300"),  # something after a FIFO
        (read_extents, "100101ff01"),  # longer than the file
        (read_extents, "200200010001"),  # two runs that touch
        (read_extents, "2001ff"),
        (read_special, "06ffffffffff0f01"),  # a number that no device has
        (read_extents, "20ffffffffffffffffff01"),  # runs without end
        (read_extents, "200310011001"),  # fewer numbers than it says
        (read_extents, "ffffffffffffffffff010100ffffffffffffffffff01"),  # past the largest file
        (read_extents, "2002001001f0ffffffffffffffff0110"),  # a run that goes backwards
        (_content, "01a09c010180408020"),  # a digest of all bytes
        (_content, "00a09c010180408020"),  # without one, though it has content
        (_content, "03a09c010180408120"),  # a run more than the object has bytes for
        (_content, "03a09c0100"),  # none of them
    ],
)
def test_a_hostile_value_is_refused(read: object, value: str) -> None:
    with pytest.raises(IndexUnreadableError):
        read(bytes.fromhex(value))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (read_extents, write_varints([1 << 50, MOST_RUNS + 1]) + b"\1" * (2 * MOST_RUNS + 2)),
        (read_extents, write_varints([1 << 50, 3 << 20]) + b"\1" * (6 << 20)),
        (read_xattrs, write_xattrs([(b"%06x" % n, b"") for n in range(400_000)])),
        (read_xattrs, write_xattrs([(b"user.a", bytes(MOST_XATTRS))])),
        (read_xattrs, write_xattrs([(b"user." + b"a" * 251, b"")])),
    ],
    ids=["runs", "many runs", "many names", "a large value", "a long name"],
)
def test_values_that_no_file_has_take_no_memory(
    read: Callable[[bytes], object], value: bytes
) -> None:
    tracemalloc.start()
    with pytest.raises(IndexUnreadableError):
        read(value)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 22


def test_an_entry_is_what_its_attributes_say() -> None:
    special = (AttributeTag.SPECIAL, write_special(FileKind.CHARACTER_DEVICE, b"1:3"))
    extents = write_extents(SPARSE)
    sparse = (AttributeTag.EXTENTS, write_sparse_content(DigestKind.SEGMENTS_BLAKE3, extents))
    entries = [
        a_file(b"device", object=None, digest_kind=None, digest=None, size=0, offset=0,
               attributes=((AttributeTag.REASON, b"a device"), special)),
        a_file(b"sparse", size=SPARSE.stored, digest_kind=int(DigestKind.BLAKE3),
               digest=guard(extents), attributes=(sparse,)),
    ]  # fmt: skip
    device, file = map(with_meaning, read_files(write_files(entries)))
    assert (device.kind, device.link) == (FileKind.CHARACTER_DEVICE, b"1:3")
    assert device.attributes == (special,), "the reason is for readers that know no devices"
    assert (file.digest_kind, file.digest) == (DigestKind.SEGMENTS_BLAKE3, None)
