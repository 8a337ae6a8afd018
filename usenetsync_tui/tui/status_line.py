"""The status line and the banner under it."""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.servers import ServerState, ServerStatus
from usenetsync_tui.model.status import EngineState, EngineStatus, JobStatus
from usenetsync_tui.tui.inks import Ink, Line, flow
from usenetsync_tui.tui.words import ENGINE_STATES, duration, plural, rate, size

_TROUBLE: dict[ServerState, tuple[str, Ink]] = {
    ServerState.PAUSED: ("‖ paused", "warn"),
    ServerState.DOWN: ("! down", "bad"),
    ServerState.STOPPED: ("! stopped", "bad"),
}
_READ_ONLY = "read-only · another usenetsync works this catalogue; here you can only look"


def status_lines(status: EngineStatus, width: int, height: int) -> list[Line]:
    """The engine in one line, or in two where the width asks for it."""
    jobs = _counted(status)
    word, ink = ENGINE_STATES[status.state]
    fields: list[Line] = [(("usenetsync", "strong"), ("  ", "plain"), (word, ink))]
    if jobs:
        done, total = sum(job.done_files for job in jobs), sum(job.total_files for job in jobs)
        more = "" if all(job.scanned for job in jobs) else "+"
        going = not jobs[0].state.is_over
        if going:
            fields.append(((rate(status.bytes_per_second), "strong"),))
        fields.append((("files ", "muted"), (f"{done:,} / {total:,}{more}", "plain")))
        if going:
            fields.append((("ETA ", "muted"), (duration(_eta(jobs)), "plain")))
        fields.append(_errors(sum(job.errors for job in jobs)))
    if status.servers:
        fields.append(_connections(status))
    if status.memory:
        fields.append((("mem ", "muted"), (size(status.memory), "plain")))
    if status.pool is not None:
        pool = status.pool
        waiting: Line = ((f" +{pool.waiting} waiting", "warn"),) if pool.waiting else ()
        fields.append((("db ", "muted"), (f"{pool.in_use}/{pool.limit}", "plain"), *waiting))
    return flow(fields, width, rows=max(1, height))


def banner_lines(status: EngineStatus, width: int, height: int) -> list[Line]:
    """What must be known before anything else; usually nothing."""
    lines: list[Line] = []
    if status.read_only:
        lines.append(((_READ_ONLY, "warn"),))
    if status.message:
        failed = status.state is EngineState.FAILED
        lines.append(((safe_name(status.message), "bad" if failed else "plain"),))
    return lines + server_lines(status.servers)


def server_lines(servers: Sequence[ServerStatus]) -> list[Line]:
    """What must be known of servers: who can listen, and who does not serve."""
    lines: list[Line] = []
    for server in servers:
        name = safe_name(server.name)
        if not server.encrypted:
            words = f"{name}: not encrypted · everybody on the way can read the login"
            lines.append(((words, "bad"),))
        elif not server.tls_verified:
            words = f"{name}: certificate not verified · somebody on the way may be listening"
            lines.append(((words, "bad"),))
        if server.state in _TROUBLE:
            word, ink = _TROUBLE[server.state]
            again = "" if server.retry_in is None else f" · again in {duration(server.retry_in)}"
            lines.append(((f"{name}: {word} · {safe_name(server.message)}{again}", ink),))
    return lines


def _connections(status: EngineStatus) -> Line:
    busy = sum(server.busy for server in status.servers)
    allowed = sum(server.allowed for server in status.servers)
    limit = status.bandwidth_limit
    limited: Line = ((f" at most {rate(limit)}", "warn"),) if limit else ()
    return (("conns ", "muted"), (f"{busy}/{allowed}", "plain"), *limited)


def _counted(status: EngineStatus) -> list[JobStatus]:
    """The jobs under way; when all are over, all of them."""
    going = [job for job in status.jobs if not job.state.is_over]
    return going or list(status.jobs)


def _eta(jobs: list[JobStatus]) -> float | None:
    known = [job.eta for job in jobs if job.state is JobState.RUNNING and job.eta is not None]
    return max(known, default=None)


def _errors(count: int) -> Line:
    return ((f"! {plural(count, 'error')}", "bad"),) if count else (("no errors", "muted"),)
