"""The status line and the banner under it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.status.tasks import TaskStatus
from usenetsync_tui.model.text.figures import (
    NOTHING,
    duration,
    milliseconds,
    pace,
    percent,
    plural,
    rate,
    size,
)
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.waiting import Waiting
from usenetsync_tui.tui.kit.inks import Line, fit, flow
from usenetsync_tui.tui.kit.state_words import ENGINE_STATES
from usenetsync_tui.tui.kit.string_restore_words import progress_words
from usenetsync_tui.tui.panes.server_lines import trouble_lines

_READ_ONLY = "read-only · another usenetsync is using this catalogue · view only"
_MORE_SERVERS = "   6: more"
_WIDE = 100
"""The width in cells from which fields have wider gaps."""
_LEAST_WHY = 15
"""The fewest cells in which a cut reason is still readable."""
_RATE = 9
_ETA = 6
_PACE = 13
_PART = 4
"""Cells of figures that change all the time, fixed so that the next fields do not move."""


def status_lines(status: EngineStatus, width: int, height: int) -> list[Line]:
    """The engine's figures by importance, on `height` lines; figures without room are dropped."""
    word, ink = ENGINE_STATES[status.state]
    first: Line = (("usenetsync", "strong"), ("  ", "plain"), (word, ink))
    fields = (first, *_fields(status, _counted(status)))
    return flow(fields, width, rows=max(1, height), gap=3 if width >= _WIDE else 2)


def _fields(status: EngineStatus, jobs: Sequence[JobStatus]) -> Iterable[Line]:
    going = bool(jobs) and not jobs[0].state.is_over
    yield from _company(status)
    if going:
        yield ((f"{rate(status.bytes_per_second):<{_RATE}}", "strong"),)
    if status.servers:
        yield _connections(status)
    if jobs:
        yield _files(jobs)
    if going:
        yield _figure("", f"{pace(status.files_per_second)} files/s".ljust(_PACE))
        yield ((_part(jobs), "strong"),)
        yield _figure("ETA ", f"{duration(_eta(jobs)):<{_ETA}}")
    if jobs:
        errors = sum(job.errors for job in jobs)
        word = f"! {plural(errors, 'error')}" if errors else "no errors"
        yield ((word, "bad" if errors else "muted"),)
    if status.stages:
        yield _figure("queued ", f"{sum(stage.depth for stage in status.stages):>5,}")
    if status.workers:
        busy = sum(bool(worker.item or worker.detail) for worker in status.workers)
        yield _figure("workers ", f"{busy:>2}/{len(status.workers)}")
    if status.pool is not None:
        pool = status.pool
        waiting: Line = ((f" +{pool.waiting} waiting", "warn"),) if pool.waiting else ()
        query = milliseconds(pool.query_ms / 1000)
        yield (*_figure("db ", f"{pool.in_use:>2}/{pool.limit} {query:>6}"), *waiting)
    if status.memory:
        yield _figure("mem ", size(status.memory))
    if going:
        yield _figure("dedupe ", percent(status.dedupe_rate))


def _company(status: EngineStatus) -> Iterable[Line]:
    """The other programs at the engine, if there are any."""
    if status.holder is not None:
        yield _figure("engine ", safe_name(str(status.holder)))
    if len(status.windows) > 1:
        yield _figure("also ", f"{len(status.windows)} windows")
    elif status.windows:
        yield _figure("also ", safe_name(str(status.windows[0])))


def _figure(name: str, value: str) -> Line:
    return ((name, "muted"), (value, "plain")) if name else ((value, "plain"),)


def _files(jobs: Sequence[JobStatus]) -> Line:
    done, total = sum(job.done_files for job in jobs), sum(job.total_files for job in jobs)
    more = "" if all(job.scanned for job in jobs) else "+"
    return (("files ", "muted"), (f"{done:,} / {total:,}{more}", "plain"))


def _part(jobs: Sequence[JobStatus]) -> str:
    """The finished part of all bytes, or of all files if there are no bytes."""
    total = sum(job.total_bytes for job in jobs)
    done = sum(job.done_bytes for job in jobs)
    if not total:
        total, done = sum(job.total_files for job in jobs), sum(job.done_files for job in jobs)
    return f"{percent(min(1.0, done / total)) if total else NOTHING:<{_PART}}"


def banner_lines(status: EngineStatus, width: int, height: int) -> list[Line]:
    """Problems and tasks that the user must see first; usually none. `width` 0: not cut."""
    return _banner(status, width, _MORE_SERVERS)


def deeper_banner(status: EngineStatus, width: int, height: int) -> list[Line]:
    """The banner for a deeper screen, which has no servers pane to point to."""
    return _banner(status, width, "   and more")


def _banner(status: EngineStatus, width: int, more_servers: str) -> list[Line]:
    lines: list[Line] = []
    if status.read_only:
        lines.append(((_READ_ONLY, "warn"),))
    message: list[Line] = []
    if status.message:
        failed = status.state is EngineState.FAILED
        message.append(((safe_name(status.message), "bad" if failed else "plain"),))
        if failed:
            lines, message = lines + message, []
    if status.waiting is not None and not lines:
        lines.append(((_waiting(status.waiting, width), "warn"),))
    lines += _one_line(trouble_lines(status.servers), width, more_servers)
    lines += message
    restore = status.string_restore
    tasks = [_task(task) for task in status.tasks if not task.over]
    if restore is not None and not restore.over:
        tasks.append((("restore by string: ", "plain"), (progress_words(restore), "accent")))
    lines += _one_line(tasks, width, "")
    return [fit(line, width) for line in lines] if width else lines


def _waiting(waiting: Waiting, width: int) -> str:
    """What the engine waits for. Without room the reason is cut in its middle, if possible after
    the name before its colon; the duration is never cut."""
    reason, how_long = safe_name(waiting.reason), str(waiting)[len(waiting.reason) :]
    room = width - len(how_long)
    if not width or cell_len(reason) <= room:
        return reason + how_long
    who, colon, why = reason.partition(": ")
    left = room - cell_len(who + colon)
    if left < _LEAST_WHY:
        return cut_middle(reason, max(1, room)) + how_long
    return who + colon + cut_middle(why, left) + how_long


def _one_line(fields: list[Line], width: int, more: str) -> list[Line]:
    """Several fields on one line; `more` is shown after the ones that fit."""
    if len(fields) < 2 or not width:
        return fields[:1]
    room = max(0, width - len(more))
    shown = flow((fit(field, room) for field in fields), room, rows=1)[0]
    return [(*shown, (more, "muted"))]


def _task(task: TaskStatus) -> Line:
    amount = f"{task.done:,}" if task.total is None else f"{task.done:,}/{task.total:,}"
    return ((f"{safe_name(task.words)} ", "plain"), (amount, "accent"))


def _connections(status: EngineStatus) -> Line:
    busy = sum(server.busy for server in status.servers)
    allowed = sum(server.allowed for server in status.servers)
    limit = status.bandwidth_limit
    limited: Line = ((f" at most {rate(limit)}", "warn"),) if limit else ()
    if status.fetch_limit:
        limited = (*limited, (f" fetch at most {rate(status.fetch_limit)}", "warn"))
    return (("conns ", "muted"), (f"{busy:>2}/{allowed}", "plain"), *limited)


def _counted(status: EngineStatus) -> list[JobStatus]:
    """The jobs that run; if none does, those that wait; if all are over, the last one."""
    going = [job for job in status.jobs if not job.state.is_over]
    running = [job for job in going if job.at_work]
    return running or going or list(status.jobs[-1:])


def _eta(jobs: Sequence[JobStatus]) -> float | None:
    known = [job.eta for job in jobs if job.state is JobState.RUNNING and job.eta is not None]
    return max(known, default=None)
