"""The status as changes: what differs from the status that a reader has.

A field that is a tuple (jobs, events, the samples of the throughput) crosses as runs: ``{"kept":
[start, count]}`` repeats items that the reader has, ``{"new": [...]}`` brings others. Any other
field crosses whole. The first change has every field. There is no backlog: a reader that was slow
gets the difference between what it has and the newest status.

Pure functions of two statuses; knows no socket. The engine keeps unchanged parts of its status as
the same objects (`engine.status`), so most comparisons are by identity.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.wire.values import FrameError, Plain, format_of

NOT_SENT = frozenset({"holder"})
"""Fields that the window fills in itself."""


def changes(before: EngineStatus | None, now: EngineStatus) -> dict[str, Plain]:
    """The fields of `now` that differ from `before`; None: the reader has nothing yet."""
    found = {}
    for name, kind in _kinds().items():
        new = getattr(now, name)
        old = getattr(before, name) if before is not None else None
        if before is not None and (new is old or new == old):
            continue
        item = _item(kind)
        if item is None:
            found[name] = format_of(kind).plain(new, reveal=True)
        else:
            found[name] = _runs(old or (), new, format_of(item).plain)
    return found


def changed(before: EngineStatus | None, differences: dict[str, Plain]) -> EngineStatus:
    """The status after these changes. Raises `FrameError`.

    Fields that are not known are ignored.
    """
    values = {}
    for name, kind in _kinds().items():
        if name not in differences:
            continue
        item = _item(kind)
        if item is None:
            values[name] = format_of(kind).value(differences[name])
        else:
            old = getattr(before, name) if before is not None else ()
            values[name] = _joined(old, differences[name], format_of(item).value)
    return replace(before or EngineStatus(EngineState.STARTING), **values)


@cache
def _kinds() -> dict[str, Any]:
    """The fields of the status that cross the wire, with their types."""
    hints = get_type_hints(EngineStatus)
    return {f.name: hints[f.name] for f in fields(EngineStatus) if f.name not in NOT_SENT}


def _item(kind: Any) -> Any:
    """The type of the items, if the field is a tuple of any length."""
    if get_origin(kind) is tuple:
        item, *rest = get_args(kind)
        if rest == [Ellipsis]:
            return item
    return None


def _runs(old: Sequence[Any], new: Sequence[Any], plain: Callable[[Any], Plain]) -> list[Plain]:
    places: dict[int, int] = {}
    for place, item in enumerate(old):
        places.setdefault(id(item), place)
    runs: list[dict[str, list[Any]]] = []
    follows = -1
    """The place in `old` that would continue the last run."""
    for item in new:
        if 0 <= follows < len(old) and old[follows] is item:
            runs[-1]["kept"][1] += 1
            follows += 1
        elif (first := places.get(id(item))) is not None:
            runs.append({"kept": [first, 1]})
            follows = first + 1
        else:
            if not runs or "new" not in runs[-1]:
                runs.append({"new": []})
            runs[-1]["new"].append(plain(item))
            follows = -1
    return runs


def _joined(
    old: Sequence[Any], runs: Sequence[dict[str, Any]], value: Callable[[Plain], Any]
) -> tuple[Any, ...]:
    items: list[Any] = []
    try:
        for run in runs:
            if "kept" in run:
                start, count = run["kept"]
                items += old[start : start + count]
            else:
                items += map(value, run["new"])
    except (TypeError, KeyError, ValueError):
        raise FrameError("not the changes of a list") from None
    return tuple(items)
