"""Bytes are found where Python finds them, with the C library and without."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usenetsync_tui.codec import byte_search

_FEW = st.lists(st.sampled_from([b"\r", b"\n", b".", b"\0"]), max_size=60).map(b"".join)


@given(_FEW | st.binary(max_size=60), st.sampled_from([b"\r\n.\r\n", b"\n", b"\0\0"]))
def test_the_first_place_is_found(data: bytes, wanted: bytes) -> None:
    assert byte_search.first_in(data, wanted) == data.find(wanted)


@pytest.mark.parametrize("size", [0, 1, 70_000, 1 << 20])
def test_without_the_function_of_the_c_library(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytes(size) + b"end"
    assert byte_search.first_in(data, b"end") == size
    assert byte_search.first_in(data, b"ends") == -1
    monkeypatch.setattr(byte_search, "_SEARCH", None)
    assert byte_search.first_in(data, b"end") == size
    assert byte_search.first_in(data, b"ends") == -1
