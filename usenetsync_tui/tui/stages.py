"""The stages of the pipeline and the queues in front of them."""

from __future__ import annotations

from usenetsync_tui.model.status import EngineState, EngineStatus, StageStatus
from usenetsync_tui.tui.inks import Line, cut, flow
from usenetsync_tui.tui.words import bar, percent, plural, size

_NAME = 10
_DEPTH = 13
_WORKERS = 8
_DONE = 13
_BAR = 24


def stage_lines(status: EngineStatus, width: int, height: int) -> list[Line]:
    """A line a stage: name, queue in front of it, busy workers, items handed on."""
    if not status.stages:
        starting = status.state is EngineState.STARTING
        text = "Stages are shown while a job runs."
        return [(("Starting…" if starting else text, "muted"),)]
    cells = max(0, min(_BAR, width - _NAME - _DEPTH - _WORKERS - _DONE))
    if not cells:
        return [_short(stage) for stage in status.stages]
    head = (
        f"{'stage':<{_NAME}}{'queue':<{cells}}{'':>{_DEPTH}}{'busy':>{_WORKERS}}{'done':>{_DONE}}"
    )
    lines: list[Line] = [((cut(head, width), "muted"),)]
    lines += [_stage(stage, cells) for stage in status.stages]
    lines += [(), _resources(status, width)]
    return lines


def _stage(stage: StageStatus, cells: int) -> Line:
    fraction = stage.depth / stage.capacity if stage.capacity else 0.0
    full, empty = bar(fraction, cells)
    depth = f"{stage.depth:,}/{stage.capacity:,}"
    return (
        (cut(stage.name, _NAME), "plain" if stage.active else "muted"),
        # A full queue is where the pipeline waits: the next stage is the slow one.
        (full, "warn" if fraction >= 1 else "busy"),
        (empty, "track"),
        (f"{depth:>{_DEPTH}}", "plain" if stage.depth else "muted"),
        (f"{f'{stage.active}/{stage.workers}':>{_WORKERS}}", "plain" if stage.active else "muted"),
        (f"{stage.done:>{_DONE},}", "plain" if stage.done else "muted"),
    )


def _short(stage: StageStatus) -> Line:
    full = stage.depth >= stage.capacity > 0
    return (
        (cut(stage.name, _NAME), "plain" if stage.active else "muted"),
        (f"{f'{stage.depth:,}/{stage.capacity:,}':>{_DEPTH}}", "warn" if full else "plain"),
        (f"{f'{stage.active}/{stage.workers}':>{_WORKERS}}", "muted"),
    )


def _resources(status: EngineStatus, width: int) -> Line:
    limits = status.limits
    fields = (
        f"{size(status.in_flight)} of {size(limits.memory_limit)} in flight",
        f"{percent(status.dedupe_rate)} deduplicated",
        f"up to {plural(limits.max_workers, 'worker')}",
    )
    return flow([((text, "muted"),) for text in fields], width, rows=1)[0]
