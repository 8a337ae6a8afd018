"""Bech32m: the test vectors of BIP 350, and where typing errors are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usenetsync_tui.codec import bech32m
from usenetsync_tui.codec.bech32m import (
    ALPHABET,
    encode,
    is_right,
    to_bytes,
    to_fives,
    values_of,
    wrong_places,
)
from usenetsync_tui.codec.recovery_string import read_string
from usenetsync_tui.errors import RecoveryStringError

VALID = (
    "A1LQFN3A",
    "a1lqfn3a",
    "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
    "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
    "11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr8",
    "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
    "?1v759aa",
)
# Without the words that have no separator or no human-readable part: ours is always the same.
INVALID = ("y1b0jsk6g", "lt1igcx5c0", "in1muywd", "mm1crxm3i", "au1s5cgom")


def split(word: str) -> tuple[str, list[int | None]]:
    human, _, data = word.lower().rpartition("1")
    return human, values_of(data)


def test_the_vectors_of_bip_350() -> None:
    for word in VALID:
        human, values = split(word)
        known = [value for value in values if value is not None]
        assert len(known) == len(values) and is_right(human, known)
        assert encode(human, known[:-6]) == word.lower()
    for word in INVALID:
        human, values = split(word)
        known = [value for value in values if value is not None]
        assert len(known) < len(values) or not is_right(human, known)


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_bytes_come_back(data: bytes) -> None:
    assert to_bytes(to_fives(data)) == data


def test_bits_that_fill_up_are_zeros() -> None:
    assert to_bytes([0, 1]) is None and to_bytes([0, 0, 0]) is None


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_one_and_two_wrong_characters_are_found(data: st.DataObject) -> None:
    """Up to 89 characters any two: every pair of words differs in five places at least."""
    values = data.draw(st.lists(st.integers(0, 31), min_size=1, max_size=60))
    right = values_of(encode("usenetsync", values).rpartition("1")[2])
    places = data.draw(
        st.lists(st.integers(0, len(right) - 1), min_size=1, max_size=2, unique=True)
    )
    typed = [value or 0 for value in right]
    for place in places:
        typed[place] ^= data.draw(st.integers(1, 31))
    assert not is_right("usenetsync", typed)
    assert wrong_places("usenetsync", typed) == tuple(sorted(places))


def test_the_alphabet_has_no_letters_that_look_alike() -> None:
    assert len(set(ALPHABET)) == 32 and not set(ALPHABET) & set("1bio")


def test_the_search_for_errors_takes_bounded_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in steps of the checksum, for the longest string, and for hostile ones."""
    steps = 0
    stepped = bech32m._stepped

    def counting(remainder: int, value: int) -> int:
        nonlocal steps
        steps += 1
        return stepped(remainder, value)

    monkeypatch.setattr(bech32m, "_stepped", counting)
    for length, most in ((151, 40 * 171), (1023, 40 * 1043), (1024, 0), (1_000_000, 0)):
        steps = 0
        assert len(wrong_places("usenetsync", [1] * length)) <= 2
        assert steps <= most, length
    steps = 0
    for letters in ("q" * 100_000, "o" * 100_000, "qpzry " * 30_000):
        with pytest.raises(RecoveryStringError, match="too many"):
            read_string(f"usenetsync1{letters}")
    assert steps == 0
