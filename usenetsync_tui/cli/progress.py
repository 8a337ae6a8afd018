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
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.status import JobStatus

_EVERY_JSON = 1.0
_EVERY_BAR = 0.25


Figures = Callable[[], JobStatus | None]
"""The job at work as it stands; None before and after."""


async def show(figures: Figures, *, as_json: bool, message: Callable[[], str] = str) -> None:
    """Show how a job goes until cancelled. `message` is shown while there is no job."""
    if as_json:
        await _lines(figures)
    elif sys.stderr.isatty():
        await _bar(figures, message)
    else:
        await anyio.sleep_forever()


def progress_fields(job: JobStatus) -> dict[str, object]:
    """The payload of a progress event: current, total, file, phase, throughput, eta and more.

    `current` and `total` are source bytes, `throughput` bytes a second, `eta` seconds or null.
    """
    return {
        "job": job.id,
        "folder": job.folder,
        "phase": job.phase,
        "current": job.done_bytes,
        "total": job.total_bytes,
        "file": job.current,
        "files": job.done_files,
        "total_files": job.total_files,
        "missed": job.missed_files,
        "scanned": job.scanned,
        "entries": job.entries,
        "throughput": round(job.bytes_per_second, 1),
        "files_per_second": round(job.files_per_second, 1),
        "eta": None if job.eta is None else round(job.eta, 1),
        "errors": job.errors,
    }


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
    share = f"{done / total:4.0%}" if total else "   –"
    left = "–" if job.eta is None else words.duration(job.eta)
    grid = Table.grid(padding=(0, 1))
    grid.add_row(
        Text(f"{job.phase:8}"),
        ProgressBar(total=max(total, 1), completed=done, width=24),
        Text(share + ("" if job.scanned else "+")),
        Text(f"{words.size(int(job.bytes_per_second))}/s"),
        Text(f"{words.number(job.done_files)}/{words.number(job.total_files)} files"),
        Text(f"ETA {left}"),
    )
    lines = Table.grid()
    lines.add_row(grid)
    lines.add_row(Text(f"         {safe_name(job.current)}", overflow="ellipsis", no_wrap=True))
    return lines
