"""Names of states and kinds in `.sql` files: ``{segment.posted}``: 2, ``{segment.there}``: (2, 3).

Made from the enumerations and tables of `model`, so that no statement has numbers of its own.
Each member has its name; ``may_…`` is the list of states that an event changes, ``ignores_…`` the
list of all others (`model.transitions`): the planner can match these to a partial index.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum, IntEnum, StrEnum
from typing import Any

from usenetsync_tui.model.digests import DigestKind
from usenetsync_tui.model.entries import FileKind, FileState, NoticeKind
from usenetsync_tui.model.folders import SnapshotState
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.segments import ObjectKind, SegmentStatus
from usenetsync_tui.model.transitions import JOBS, SEGMENTS, SNAPSHOTS, Lifecycle, SegmentEvent

_MEMBERS: Mapping[str, type[IntEnum | StrEnum]] = {
    "segment": SegmentStatus,
    "file": FileState,
    "version": SnapshotState,
    "job": JobState,
    "kind": FileKind,
    "object": ObjectKind,
    "notice": NoticeKind,
}
_LIVES: Mapping[str, Lifecycle[Any, Any]] = {"segment": SEGMENTS, "version": SNAPSHOTS, "job": JOBS}
_LISTS: Mapping[str, Iterable[IntEnum | StrEnum]] = {
    # The store has acknowledged them.
    "segment.there": [s for s in SegmentStatus if s.is_there],
    # Nothing more to send: the condition of the partial index segments_pending.
    "segment.not_sendable": [
        s for s in SegmentStatus if SEGMENTS.after(s, SegmentEvent.SEND) is None
    ],
    "segment.unsent": (SegmentStatus.PLANNED, SegmentStatus.SENDING),
    # Given up, or lost from the store.
    "segment.absent": (SegmentStatus.MISSING, SegmentStatus.FAILED),
    "segment.unusable": (SegmentStatus.MISSING, SegmentStatus.FAILED, SegmentStatus.STALE),
    # Not over: the condition of the partial index jobs_open.
    "job.open": [s for s in JobState if not s.is_over],
    "job.waiting": (JobState.QUEUED, JobState.PAUSED),
    "digest.of_segments": [k for k in DigestKind if k.is_of_segments],
    # They do not make a file incomplete.
    "notice.harmless": [k for k in NoticeKind if not k.is_error],
    "notice.of_sweeps": (NoticeKind.MISSING, NoticeKind.DAMAGED),
    "notice.of_articles": (NoticeKind.UNPOSTED, NoticeKind.MISSING, NoticeKind.DAMAGED),
}


def _one(value: Enum) -> str:
    return f"'{value.value}'" if isinstance(value, StrEnum) else str(value.value)


def _several(values: Iterable[Enum]) -> str:
    return f"({', '.join(map(_one, values))})"


CONSTANTS: Mapping[str, str] = {
    **{f"{what}.{m.name.lower()}": _one(m) for what, kind in _MEMBERS.items() for m in kind},
    **{
        f"{what}.may_{event}": _several(life.before(event))
        for what, life in _LIVES.items()
        for event in life.table
    },
    **{
        f"{what}.ignores_{event}": _several(s for s in life.states if life.after(s, event) is None)
        for what, life in _LIVES.items()
        for event in life.table
    },
    **{name: _several(values) for name, values in _LISTS.items()},
}
"""The constants that the loader puts into `.sql` files, by name."""
