"""Bytes are found where Python finds them, in the part of a buffer that is searched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usenetsync_tui.codec.byte_search import first_in

_FEW = st.lists(st.sampled_from([b"\r", b"\n", b".", b"\0"]), max_size=60).map(b"".join)


@given(_FEW | st.binary(max_size=60), st.integers(0, 60), st.sampled_from([b"\r\n.\r\n", b"\n"]))
def test_the_first_place_is_found(data: bytes, size: int, wanted: bytes) -> None:
    size = min(size, len(data))
    assert first_in(memoryview(bytearray(data + b"x")), size, wanted) == data[:size].find(wanted)


@pytest.mark.parametrize("size", [0, 1, 70_000, 1 << 20])
def test_bytes_zero_end_no_search(size: int) -> None:
    buffer = memoryview(bytearray(bytes(size) + b"endx"))
    assert first_in(buffer, size + 3, b"end") == size
    assert first_in(buffer, size + 2, b"end") == -1
