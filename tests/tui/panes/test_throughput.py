"""The sparkline's arithmetic, and that it draws few segments."""

from __future__ import annotations

import pytest
from tui_demo import FakeHandle, running, samples

from usenetsync_tui.tui.app import UsenetSyncApp
from usenetsync_tui.tui.panes.throughput import (
    SCALE,
    Throughput,
    ceiling,
    columns,
    new_samples,
    rows,
    scale,
)


@pytest.mark.parametrize(
    ("peak", "top"), [(0, 1), (1, 1), (1.1, 2), (3, 5), (7, 10), (84e6, 100e6), (112e6, 200e6)]
)
def test_the_scale_ends_at_a_round_number(peak: float, top: float) -> None:
    assert ceiling(peak) == pytest.approx(top)


def test_columns_keep_their_samples_while_the_picture_moves() -> None:
    history = [float(n) for n in range(2_000)]
    before = columns(history[1_000:1_600], 120, 1_600)
    after = columns(history[1_003:1_603], 120, 1_603)
    # Three seconds are less than a column of five: only the newest column changes.
    assert before[1:] == after[: len(before) - 1]


def test_a_young_history_is_short() -> None:
    assert columns([1.0, 2.0], 600, 2) == [1.0, 2.0]
    assert columns([], 80, 0) == []


def test_moved_counts_new_samples() -> None:
    assert new_samples((), (1.0, 2.0)) == 2
    assert new_samples((1.0, 2.0), (1.0, 2.0, 3.0)) == 1
    assert new_samples((1.0, 2.0, 3.0), (3.0, 4.0, 5.0)) == 2
    assert new_samples((1.0, 2.0), (7.0, 8.0)) == 2


def test_columns_stand_on_zero() -> None:
    assert rows([0.0, 50.0, 100.0], 5, 2) == ["  █  ", " ██  "]
    assert rows([1.0, 100.0], 2, 1) == ["▁█"]


@pytest.mark.parametrize("top", [1, 500, 2e6, 200e6, 999e15])
def test_the_scale_has_labels(top: float) -> None:
    for height in (1, 2, 3, 5):
        labels = scale(top, height)
        assert [len(label) for label in labels] == [SCALE] * height
        assert height == 1 or labels[-1].strip() == "0 ┤"
    assert scale(200e6, 3)[0] == " 200 MB/s ┤"


@pytest.mark.anyio
async def test_a_row_is_a_label_and_one_segment() -> None:
    app = UsenetSyncApp(FakeHandle(running(throughput=samples(600))))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        picture = app.screen.query_one(Throughput)
        strips = [picture.render_line(y) for y in range(picture.size.height)]
        assert {strip.cell_length for strip in strips} == {picture.size.width}
    assert [len(strip) for strip in strips] == [2, 2, 2]
