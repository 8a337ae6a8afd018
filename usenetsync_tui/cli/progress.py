"""Progress of a headless run: a bar on a terminal, JSON lines for scripts, silence in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable

import anyio
from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from usenetsync_tui.cli import words
from usenetsync_tui.cli.fields import progress_fields
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.model.figures import NOTHING, duration, number, percent, rate
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.status import JobStatus

_EVERY_JSON = 1.0
_EVERY_BAR = 0.25


Figures = Callable[[], JobStatus | None]
"""The job at work as it stands; None before and after."""


async def show(figures: Figures, voice: Voice, *, message: Callable[[], str] = str) -> None:
    """Show how a job goes until cancelled. `message` is shown while there is no job."""
    if voice.quiet:
        await anyio.sleep_forever()
    if voice.as_json:
        await _lines(figures)
    elif sys.stderr.isatty():
        await _bar(figures, message)
    else:
        await anyio.sleep_forever()


async def _lines(figures: Figures) -> None:
    while True:
        await anyio.sleep(_EVERY_JSON)
        job = figures()
        if job is not None:
            words.emit("progress", **progress_fields(job))


async def _bar(figures: Figures, message: Callable[[], str]) -> None:
    console = Console(stderr=True)
    with Live(console=console, transient=True, auto_refresh=False) as live:
        while True:
            job = figures()
            live.update(Text(message()) if job is None else _table(job), refresh=True)
            await anyio.sleep(_EVERY_BAR)


def _table(job: JobStatus) -> Table:
    """Two lines: the bar with its figures, and what is in hand."""
    done, total = job.done_bytes, job.total_bytes
    share = f"{percent(min(1.0, done / total)):>4}" if total else f"{NOTHING:>4}"
    files = f"{number(job.done_files)}/{number(job.total_files)} files" if job.total_files else ""
    grid = Table.grid(padding=(0, 1))
    grid.add_row(
        Text(f"{job.phase:8}"),
        ProgressBar(total=max(total, 1), completed=done, width=24),
        Text(share + ("" if job.scanned else "+")),
        Text(rate(job.bytes_per_second)),
        Text(files),
        Text(f"ETA {duration(job.eta)}"),
    )
    lines = Table.grid()
    lines.add_row(grid)
    lines.add_row(Text(f"         {safe_name(job.current)}", overflow="ellipsis", no_wrap=True))
    return lines
