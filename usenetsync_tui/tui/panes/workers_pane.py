"""The workers pane: the stages of the pipeline with their queues, and the workers in them."""

from __future__ import annotations

from itertools import zip_longest

from usenetsync_tui.cells import cut, cut_middle
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.model.status.jobs import StageStatus, WorkerStatus
from usenetsync_tui.model.text.figures import bar, count, pace, percent, plural, size
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.kit.inks import Ink, Line, fit, flow, width_of
from usenetsync_tui.tui.kit.lines_view import LinesView

SIDE_BY_SIDE = 104
"""The width in cells from which stages and workers are side by side: 110 columns of screen."""
_NAME = 10
_DEPTH = 12
_BUSY = 8
_DONE = 8
_BAR = 16
_STAGES = _NAME + _BAR + _DEPTH + _BUSY + _DONE
_BETWEEN = 4
_NUMBER = 4
_STAGE = 9
_DETAIL = 18
_LEAST_ITEM = 20
_LEAST_WORKERS = 3
"""The workers listed however low the pane is; it scrolls."""


class WorkersPane(LinesView):
    """Shows stages, workers and the resources that they use."""

    HELP = (
        "A full queue (yellow) means that the stage behind it is the slow one. "
        "`:workers N` changes the number of workers. `?` closes this help."
    )
    BINDING_GROUP_TITLE = "Workers"
    EVERY, TURN = 2, 1

    def __init__(self, *, id: str) -> None:
        super().__init__(worker_lines, id=id)


def worker_lines(status: EngineStatus, width: int, height: int) -> list[Line]:
    """Stages, workers, resources: side by side if they fit, else one below another."""
    if not status.stages and not status.workers:
        starting = status.state is EngineState.STARTING
        words = "Opening the catalogue…" if starting else "Idle. No jobs running."
        return [((cut_middle(words, width), "muted"),), (), *_resources(status, width)]
    if width >= SIDE_BY_SIDE:
        left = _stages(status, _STAGES)
        right = _workers(status, width - _STAGES - _BETWEEN, max(len(left), height - 1))
        lines = _beside(left, right)
        return [*lines, *_resources(status, width)]
    left = _stages(status, width)
    room = max(_LEAST_WORKERS + 1, height - len(left) - 3)
    return [*left, (), *_workers(status, width, room), *_resources(status, width)]


def _beside(left: list[Line], right: list[Line]) -> list[Line]:
    lines: list[Line] = []
    for one, other in zip_longest(left, right, fillvalue=()):
        gap = _STAGES + _BETWEEN - width_of(one)
        lines.append((*one, (" " * gap, "plain"), *other) if other else one)
    return lines


def _stages(status: EngineStatus, width: int) -> list[Line]:
    """The stages, with a bar for each queue if it fits."""
    if not status.stages:
        return []
    cells = min(_BAR, width - _NAME - _DEPTH - _BUSY - _DONE)
    cells = cells if cells >= 4 else 0
    queue = f"{'queue':<{cells}}{'':>{_DEPTH}}" if cells else f"{'queue':>{_DEPTH}}"
    head: Line = ((f"{'stage':<{_NAME}}{queue}{'busy':>{_BUSY}}{'done':>{_DONE}}", "muted"),)
    return [fit(line, width) for line in (head, *(_stage(each, cells) for each in status.stages))]


def _stage(stage: StageStatus, cells: int) -> Line:
    part = stage.depth / stage.capacity if stage.capacity else 0.0
    full, empty = bar(part, cells)
    # The pipeline waits at a full queue: the stage after it is the slow one.
    blocked = part >= 1 and stage.capacity > 1
    depth = f"{stage.depth:,}/{stage.capacity:,}"
    figures = f"{depth:>{_DEPTH}}{f'{stage.active}/{stage.workers}':>{_BUSY}}"
    alive: Ink = "plain" if stage.active or stage.depth else "muted"
    return (
        (cut(stage.name, _NAME), alive),
        (full, "warn" if blocked else "busy"),
        (empty, "track"),
        (f"{figures}{count(stage.done):>{_DONE}}", alive),
    )


def _workers(status: EngineStatus, width: int, room: int) -> list[Line]:
    """All workers by number in `room` lines; if they do not fit, the busy ones first."""
    workers = status.workers
    if not workers:
        return []
    at_work = sum(map(_is_busy, workers))
    shown = sorted(workers, key=lambda worker: worker.number)
    if len(shown) > room - 1:
        shown.sort(key=lambda worker: not _is_busy(worker))
        shown = shown[: max(_LEAST_WORKERS, room - 1)]
    head = f"{'#':>{_NUMBER - 1}} {'stage':<{_STAGE}}"
    told = f"{at_work} of {len(workers)} at work"
    item = max(0, width - len(head) - len(told))
    head = f"{head}{cut('item', item)}{told}" if item > len(told) else head
    return [((cut(head, width), "muted"),), *(_worker(worker, width) for worker in shown)]


def _is_busy(worker: WorkerStatus) -> bool:
    return bool(worker.item or worker.detail)


def _worker(worker: WorkerStatus, width: int) -> Line:
    number = f"{worker.number:>{_NUMBER - 1}} "
    stage = cut(worker.stage, _STAGE)
    start: Line = ((number + stage, "plain"),)
    room = width - _NUMBER - _STAGE
    if room < 1:
        return fit(start, width)
    if not _is_busy(worker):
        return ((number + stage + cut("– idle", min(room, 6)), "muted"),)
    item = safe_name(worker.item)
    if room < _LEAST_ITEM + _DETAIL:
        return (*start, (cut_middle(item or safe_name(worker.detail), room), "plain"))
    detail = cut_middle(safe_name(worker.detail), _DETAIL - 2)
    wide = room - _DETAIL
    return (
        *start,
        (cut(cut_middle(item, wide), wide), "plain"),
        (f"  {detail}" if detail else "", "muted"),
    )


def _resources(status: EngineStatus, width: int) -> list[Line]:
    limits = status.limits
    if limits is None:
        return [((cut("Reading the settings…", width), "muted"),)]
    allowed = status.workers_allowed or limits.max_workers
    workers = plural(allowed, "worker")
    if allowed != limits.max_workers:
        workers += f" (settings: {limits.max_workers})"
    fields = (
        f"in flight {size(status.in_flight)} of {size(limits.memory_limit)}",
        f"deduplicated {percent(status.dedupe_rate)}",
        f"{pace(status.files_per_second)} files/s",
        workers,
        f"max {limits.max_connections:,} connections",
        f"batch {limits.batch_size:,}",
        f"chunk {size(limits.chunk_size)}",
        f"digest {status.folder_defaults.digest}",
    )
    return [
        line for line in flow([((text, "muted"),) for text in fields], width, rows=2, gap=2) if line
    ]
