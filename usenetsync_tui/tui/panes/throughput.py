"""The throughput of the last ten minutes as a column chart.

Hand-written because Textual's own sparkline scales from the minimum and sends ten times
the bytes (TUI.md 6). The scale starts at zero and ends at a round number, which stand beside it.
The chart fills from the left; once it is full, it moves left, and a column keeps its samples, so
nothing flickers. Its samples are the rates that the status line shows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from textual.strip import Strip

from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.text.figures import bits, rate
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.lines_view import InkedView

SAMPLES = 600
"""The samples that the engine keeps, one per second."""
SCALE = 11
"""Cells of the labels beside the chart: ``200 MB/s ┤``."""
_EIGHTHS = " ▁▂▃▄▅▆▇█"


def ceiling(peak: float) -> float:
    """The next of 1, 2, 5, 10, 20… at or above `peak`, so that the scale rarely changes."""
    if peak <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(peak))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= peak)


def columns(samples: Sequence[float], width: int, seen: int) -> list[float]:
    """The means of at most `width` groups of samples, newest last.

    `seen`: the number of samples since the start. Groups begin at multiples of their length,
    counted from the first sample ever, so that a group keeps its samples as old ones drop out.
    """
    length = max(1, math.ceil(SAMPLES / max(1, width)))
    start = seen - len(samples)
    first = -start % length if start else 0
    out = [
        sum(part) / len(part)
        for at in range(first, len(samples), length)
        if (part := samples[at : at + length])
    ]
    return out[-width:] if width else []


def new_samples(before: Sequence[float], after: Sequence[float]) -> int:
    """The number of samples at the end of `after` that `before` does not have."""
    for by in range(len(after) + 1):
        kept = after[: len(after) - by]
        if len(kept) <= len(before) and tuple(before[len(before) - len(kept) :]) == tuple(kept):
            return by
    return len(after)


def rows(values: Sequence[float], width: int, height: int) -> list[str]:
    """The chart as `height` rows of text, top first; columns begin at the left, in eighths."""
    top = ceiling(max(values, default=0.0))
    levels = [math.ceil(value / top * height * 8) for value in values]
    pad = " " * (width - len(values))
    return [
        "".join(_EIGHTHS[min(8, max(0, level - 8 * row))] for level in levels) + pad
        for row in reversed(range(height))
    ]


def scale(top: float, height: int) -> list[str]:
    """The labels beside the chart, `SCALE` cells wide: `top` on the first row, 0 on the last."""
    words = [f"{rate(top)} ┤"] + ["│"] * (height - 2) + ["0 ┤"] * (height > 1)
    return [f"{label:>{SCALE}}" for label in words[:height]]


class Throughput(InkedView, can_focus=False):
    """The chart, with the current and the peak rate in its title."""

    EVERY, TURN = 2, 0

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._samples: tuple[float, ...] = ()
        self._seen = 0
        self._drawn: tuple[int, int] = (0, 0)
        self._rows: list[Line] = []

    def show(self, status: EngineStatus, *, is_stalled: bool = False) -> None:
        """Draw the samples of this status; does nothing without a new sample.

        `is_stalled`: jobs run, and none of them makes progress.
        """
        if not self.takes_turn():
            return
        samples = status.throughput
        if not samples or samples == self._samples:
            if not samples:
                self.title("Throughput", "no data yet")
            return
        self._seen += new_samples(self._samples, samples)
        self._samples = samples
        self._redraw()
        now = status.bytes_per_second
        peak = f"peak {rate(max(samples))}"
        parts = ("! stalled", peak) if is_stalled else (f"now {rate(now)}", bits(now), peak)
        self.title("Throughput · 10 min", " · ".join(parts))

    def _redraw(self) -> None:
        width, height = self.size
        room = max(0, width - SCALE)
        values = columns(self._samples, room, max(self._seen, len(self._samples)))
        labels = scale(ceiling(max(values, default=0.0)), height)
        drawn: list[Line] = [
            ((label, "muted"), (row, "busy"))
            for label, row in zip(labels, rows(values, room, height), strict=True)
        ]
        if drawn != self._rows or (width, height) != self._drawn:
            self._rows, self._drawn = drawn, (width, height)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        if (self.size.width, self.size.height) != self._drawn:
            self._redraw()
        return self.draw(self._rows[y] if self._samples and y < len(self._rows) else ())
