"""Progress of a run without the screen: a bar on a terminal, JSON lines for scripts.

In a pipe it prints only long waits, each once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import anyio
from rich.cells import cell_len
from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.json_fields import progress_fields, starting_fields
from usenetsync_tui.model.figures import NOTHING, duration, number, percent, rate
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.status import JobStatus
from usenetsync_tui.model.waiting import Waiting

_EVERY_JSON = 1.0
_EVERY_BAR = 0.25
_BAR = 24
"""Cells."""
_WIDE = 60
"""Cells of a terminal from which the second line is indented below the bar."""


Figures = Callable[[], JobStatus | None]
"""Returns the state of the running job; None before and after it."""


_WORTH_A_LINE = 5.0
"""Seconds of a wait before it is printed where no bar shows it."""


WaitedFor = Callable[[], Waiting | None]
"""Returns what the program waits for while no job runs."""


def _nothing() -> Waiting | None:
    return None


async def show(figures: Figures, voice: Voice, *, waiting: WaitedFor = _nothing) -> None:
    """Show a job's progress until cancelled; without a job, what the program waits for."""
    if voice.as_json:
        await _lines(figures, waiting)
    elif voice.quiet:
        await anyio.sleep_forever()
    elif sys.stderr.isatty() and not (console := Console(stderr=True)).is_dumb_terminal:
        await _bar(console, figures, waiting)
    else:
        await say_waits(figures, waiting)


def standing(job: JobStatus | None) -> object:
    """A job's progress as one value, which changes whenever the job makes progress."""
    if job is None:
        return None
    return (
        job.id, job.phase, job.entries, job.done_files, job.done_bytes, job.posted_bytes,
        job.verified, job.errors,
    )  # fmt: skip


async def _lines(figures: Figures, waiting: WaitedFor) -> None:
    while True:
        await anyio.sleep(_EVERY_JSON)
        job = figures()
        if job is not None:
            voices.emit("progress", **progress_fields(job))
        elif (now := waiting()) is not None:
            voices.emit("progress", **starting_fields(now))


async def _bar(console: Console, figures: Figures, waiting: WaitedFor) -> None:
    with Live(console=console, transient=True, auto_refresh=False) as live:
        while True:
            job = figures()
            shown = _waiting(waiting()) if job is None else _table(job, console.width)
            live.update(shown, refresh=True)
            await anyio.sleep(_EVERY_BAR)


async def say_waits(figures: Figures, waiting: WaitedFor) -> None:
    """Print each long wait on standard error, once."""
    said: set[str] = set()
    since: dict[str, float] = {}
    while True:
        job = figures()
        now = waiting() if job is None or job.waiting is None else job.waiting
        reason = "" if now is None else now.reason
        since = {reason: since.get(reason, anyio.current_time())}
        lasted = anyio.current_time() - since[reason]
        if now is not None and reason not in said and lasted >= _WORTH_A_LINE:
            said.add(reason)
            voices.complain(f"usenetsync: {safe_name(str(now))}")
        await anyio.sleep(_EVERY_BAR)


def _waiting(now: Waiting | None) -> Text:
    return Text("" if now is None else safe_name(str(now)), overflow="ellipsis", no_wrap=True)


def _table(job: JobStatus, width: int) -> Table:
    """Two lines: the bar with its figures, and the current file or wait.

    A narrow terminal shows fewer figures, the most useful ones; the line never wraps.
    """
    done, total = job.done_bytes, job.total_bytes
    share = f"{percent(min(1.0, done / total)):>4}" if total else f"{NOTHING:>4}"
    files = f"{number(job.done_files)}/{number(job.total_files)} files" if job.total_files else ""
    bar = ProgressBar(total=max(total, 1), completed=done, width=_BAR)
    cells: list[tuple[int, Text | ProgressBar, int]] = [
        (0, Text(f"{job.phase:8}"), 8),
        (4, bar, _BAR),
        (1, *_text(share + ("" if job.scanned else "+"))),
        (2, *_text(rate(job.bytes_per_second))),
        (5, *_text(files)),
        (3, *_text(f"ETA {duration(job.eta)}")),
    ]
    while sum(room + 1 for _, _, room in cells) > width and len(cells) > 2:
        cells.remove(max(cells, key=lambda cell: cell[0]))
    grid = Table.grid(padding=(0, 1))
    grid.add_row(*(shown for _, shown, _ in cells))
    lines = Table.grid()
    lines.add_row(grid)
    in_hand = safe_name(job.current if job.waiting is None else str(job.waiting))
    indent = " " * 9 if width >= _WIDE else ""
    lines.add_row(Text(f"{indent}{in_hand}", overflow="ellipsis", no_wrap=True))
    return lines


def _text(text: str) -> tuple[Text, int]:
    """A text and its width in cells."""
    return Text(text), cell_len(text)
