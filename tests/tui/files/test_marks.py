"""Marks compared with a plain set of the marked rows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from usenetsync_tui.model.lists.files import FileFilter, FileSelection, FileView
from usenetsync_tui.tui.files.marks import MarkedRange, Marks, all_of

EVERY = FileFilter()
FAILED = FileFilter(view=FileView.FAILED)
PATHS = [b"%02d" % n for n in range(30)]
_NUMBER = st.integers(0, len(PATHS) - 1)
_TOGGLE = st.tuples(_NUMBER)
_RUN = st.tuples(_NUMBER, _NUMBER)


def run(begin: int, end: int) -> MarkedRange:
    return MarkedRange(PATHS[begin], PATHS[end], begin, end)


@given(st.booleans(), st.lists(_TOGGLE | _RUN, max_size=30))
def test_marks_are_a_set(everything: bool, moves: list[tuple[int, ...]]) -> None:
    marks = all_of(EVERY) if everything else Marks()
    held = set(PATHS) if everything else set()
    for move in moves:
        if len(move) == 1:
            marks = marks.toggled(PATHS[move[0]], EVERY)
            held ^= {PATHS[move[0]]}
        else:
            begin, end = sorted(move)
            held = held if not marks.everything else set()
            marks = marks.with_range(run(begin, end), EVERY)
            held |= set(PATHS[begin : end + 1])
        assert {path for path in PATHS if marks.holds(path)} == held
        assert marks.count(len(PATHS)) == len(held)
        assert _selected(marks.selection(1, 1)) == held


def _selected(selection: FileSelection) -> set[bytes]:
    """The set as the engine reads it."""
    ranges = selection.ranges
    found = {p for p in PATHS if ranges is None or any(a <= p <= b for a, b in ranges)}
    return found - set(selection.without)


def test_single_files_stay_under_any_filter() -> None:
    marks = Marks().toggled(PATHS[3], FAILED).after_filter(EVERY).toggled(PATHS[5], EVERY)
    assert marks.selection(1, 2) == FileSelection(
        1, 2, ranges=((PATHS[3], PATHS[3]), (PATHS[5], PATHS[5]))
    )


def test_a_range_under_a_filter_means_what_matches() -> None:
    marks = Marks().with_range(run(2, 9), FAILED)
    assert marks.selection(1, 2).filter == FAILED
    assert not marks.after_filter(EVERY)
    assert Marks().with_range(run(2, 9), EVERY).after_filter(FAILED)


def test_a_range_under_a_filter_keeps_what_was_marked_under_it_only() -> None:
    same = Marks().toggled(PATHS[0], FAILED).with_range(run(2, 3), FAILED)
    assert same.count(99) == 3
    other = Marks().toggled(PATHS[0], EVERY).after_filter(FAILED).with_range(run(2, 3), FAILED)
    assert other.count(99) == 2


def test_everything_ends_with_its_filter() -> None:
    assert not all_of(FAILED).after_filter(EVERY)
    assert not all_of(EVERY).after_filter(FAILED)
    assert all_of(FAILED).selection(1, 2) == FileSelection(1, 2, FAILED)
    assert all_of(FAILED).count(8_412) == 8_412
