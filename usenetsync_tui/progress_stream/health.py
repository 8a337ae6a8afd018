"""Whether the engine works, in a sentence that tells nothing private. Pure.

A status is replaced five times a second while the engine's event loop is alive; `age` is how long
ago that happened last.
"""

from __future__ import annotations

from http import HTTPStatus

from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.model.waiting import WaitsFor

SILENT = 10.0
"""Seconds without a new status after which the engine is not alive."""
_WORDS = {
    EngineState.STARTING: "starting: the catalogue is not open yet",
    EngineState.DRAINING: "stopping: articles in flight are being finished",
    EngineState.STOPPED: "stopped",
    EngineState.FAILED: "failed: the log says why",
    EngineState.REFUSED: "failed: the log says why",
}


def health(status: EngineStatus, age: float) -> tuple[HTTPStatus, str]:
    """200 and ``ok``, or 503 and why not: ``starting…``, ``stopping…``, ``failed…``, ``waiting…``.

    A news server that does not answer leaves it ``ok``: the engine waits for it as it should, and
    the metrics say so.
    """
    why_not = _WORDS.get(status.state, "")
    waits_for_database = status.waiting is not None and status.waiting.what is WaitsFor.DATABASE
    if status.state not in (EngineState.STOPPED, EngineState.FAILED) and waits_for_database:
        why_not = "waiting: the database does not answer"
        if status.state is EngineState.STARTING:
            why_not = "starting: the database does not answer yet"
    elif not why_not and age >= SILENT:
        why_not = f"silent: the engine has not reported for {age:.0f} s"
    if why_not:
        return HTTPStatus.SERVICE_UNAVAILABLE, why_not
    return HTTPStatus.OK, "ok"
