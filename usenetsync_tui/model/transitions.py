"""The lives of segments, files, versions and jobs: for each state and event, the next state.

One copy of a segment lives like this (DESIGN §7); an event that a state does not list changes
nothing::

    state     means                            leaves by
    planned   written down, not under way      send, acknowledge, give up, outdate
    sending   its bytes may be under way       acknowledge, give up, outdate
    posted    the store said it has it         verify, miss
    verified  the store said so again          miss
    missing   posted once, not there now       send, acknowledge, give up, outdate
    failed    given up after its tries         send, acknowledge, outdate, plan again
    stale     its source changed: the end      -

Rename, repost, postpone and share are events too: they change a row, or copy it, and leave its
state as it is. The catalogue takes the predicates of its statements from these tables
(``{segment.ignores_send}`` in a `.sql` file), so a state that a table leaves out is one that the
statement leaves alone. Knows which changes there are; refuses to know who causes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Generic, TypeVar

from usenetsync_tui.model.entries import FileState
from usenetsync_tui.model.folders import SnapshotState
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.segments import SegmentStatus
from usenetsync_tui.model.value_object import value_object

State = TypeVar("State", bound=Enum)
Event = TypeVar("Event", bound=StrEnum)


@value_object
class Lifecycle(Generic[State, Event]):
    """A table: for each event, what becomes of each state; None: it stays out of it."""

    states: type[State]
    table: Mapping[Event, tuple[State | None, ...]]
    """One column for each state, in the order in which the enumeration has them."""

    def after(self, state: State, event: Event) -> State | None:
        """The next state; None where the event does not concern the state."""
        return self.table[event][list(self.states).index(state)]

    def before(self, event: Event) -> tuple[State, ...]:
        """The states that an event changes, or finds fit to stay as they are."""
        return tuple(s for s in self.states if self.after(s, event) is not None)

    def result(self, event: Event) -> State:
        """The one state that an event leads to, from wherever. Raises `ValueError` for others."""
        (state,) = {s for s in self.table[event] if s is not None}
        return state


class SegmentEvent(StrEnum):
    """What happens to one copy of a segment."""

    SEND = "send"
    """Its bytes are about to leave."""
    ACKNOWLEDGE = "acknowledge"
    """The store says that it has the article."""
    GIVE_UP = "give_up"
    """No more tries in this run."""
    VERIFY = "verify"
    """A later check finds the article."""
    MISS = "miss"
    """A later check does not find it, or not as it was posted."""
    OUTDATE = "outdate"
    """Its source is no longer what was planned."""
    PLAN_AGAIN = "plan_again"
    """The user wants what was given up to be tried again."""
    RENAME = "rename"
    """The article gets another Message-ID."""
    REPOST = "repost"
    """It counts as posted once more than before."""
    POSTPONE = "postpone"
    """A check found no answer: the next one is later."""
    SHARE = "share"
    """A slice of another object is carried by the same article, in the same state."""


class FileEvent(StrEnum):
    """What happens to a current row of `files`."""

    PLACE = "place"
    """Its bytes have their place in an object."""
    FAIL = "fail"
    """It cannot be read."""
    SKIP = "skip"
    """The user holds it or leaves it out."""
    RETRY = "retry"
    """The user wants a failed file to be read."""
    READ_AGAIN = "read_again"
    """The bytes that were laid out are of no use any more."""
    REPLACE = "replace"
    """The walk finds other content in its place."""


class SnapshotEvent(StrEnum):
    """What happens to a version of a folder."""

    RESUME = "resume"
    """The next upload continues it."""
    FINISH_COMPLETE = "finish_complete"
    FINISH_INCOMPLETE = "finish_incomplete"
    REPAIR = "repair"
    """What was missing is there."""
    LOSE = "lose"
    """Articles of it are lost."""


class JobEvent(StrEnum):
    """What happens to a job."""

    BEGIN = "begin"
    PAUSE = "pause"
    """The user holds it: it waits, or stands still where it is."""
    RESUME = "resume"
    CANCEL = "cancel"
    """The user ends it while it is not at work."""
    RETRY = "retry"
    INTERRUPT = "interrupt"
    """Its engine died: the job waits for the next one."""
    COMPLETE = "complete"
    FALL_SHORT = "fall_short"
    """It came to its end, and something is missing."""
    FAIL = "fail"
    STOP = "stop"
    """The user ends it while it is at work."""
    YIELD = "yield"
    """It stops before its end, to go on later: the engine drains, or something is more urgent."""
    HOLD = "hold"
    """It stops before its end, and waits for the user: it was paused when it had to yield."""


PLANNED, SENDING, POSTED, VERIFIED, MISSING, FAILED, STALE = SegmentStatus
_PENDING, _PLACED, _UNREAD = FileState
_BUILDING, _COMPLETE, _INCOMPLETE = SnapshotState
_QUEUED, _RUNNING, _PAUSED, _COMPLETED, _SHORT, _BROKEN, _CANCELLED = JobState
_OVER = (None,) * 4

SEGMENTS = Lifecycle(SegmentStatus, {
    #                          planned   sending   posted    verified  missing   failed    stale
    SegmentEvent.SEND:        (SENDING,  SENDING,  None,     None,     SENDING,  SENDING,  None),
    SegmentEvent.ACKNOWLEDGE: (POSTED,   POSTED,   None,     None,     POSTED,   POSTED,   None),
    SegmentEvent.GIVE_UP:     (FAILED,   FAILED,   None,     None,     FAILED,   FAILED,   None),
    SegmentEvent.VERIFY:      (None,     None,     VERIFIED, VERIFIED, None,     None,     None),
    SegmentEvent.MISS:        (None,     None,     MISSING,  MISSING,  None,     None,     None),
    SegmentEvent.OUTDATE:     (STALE,    STALE,    None,     None,     STALE,    STALE,    None),
    SegmentEvent.PLAN_AGAIN:  (None,     None,     None,     None,     None,     PLANNED,  None),
    SegmentEvent.RENAME:      (PLANNED,  SENDING,  POSTED,   VERIFIED, MISSING,  FAILED,   None),
    SegmentEvent.REPOST:      (PLANNED,  SENDING,  None,     None,     MISSING,  FAILED,   None),
    SegmentEvent.POSTPONE:    (None,     None,     POSTED,   None,     None,     None,     None),
    SegmentEvent.SHARE:       (PLANNED,  SENDING,  POSTED,   VERIFIED, None,     None,     None),
})  # fmt: skip
"""The life of one copy of a segment."""


FILES = Lifecycle(FileState, {
    #                     pending    placed     failed
    FileEvent.PLACE:      (_PLACED,  _PLACED,   _PLACED),
    FileEvent.FAIL:       (_UNREAD,  _UNREAD,   _UNREAD),
    FileEvent.SKIP:       (_UNREAD,  None,      None),
    FileEvent.RETRY:      (None,     None,      _PENDING),
    FileEvent.READ_AGAIN: (_PENDING, _PENDING,  _PENDING),
    FileEvent.REPLACE:    (_PENDING, _PENDING,  _PENDING),
})  # fmt: skip
"""How far a current file of a version under construction is."""

SNAPSHOTS = Lifecycle(SnapshotState, {
    #                                building      complete      incomplete
    SnapshotEvent.RESUME:            (_BUILDING,   None,         None),
    SnapshotEvent.FINISH_COMPLETE:   (_COMPLETE,   None,         None),
    SnapshotEvent.FINISH_INCOMPLETE: (_INCOMPLETE, None,         None),
    SnapshotEvent.REPAIR:            (None,        None,         _COMPLETE),
    SnapshotEvent.LOSE:              (None,        _INCOMPLETE,  None),
})  # fmt: skip
"""The life of a version. One in which nothing changed is deleted before it is finished."""

JOBS = Lifecycle(JobState, {
    #                    queued       running      paused       over (the other four)
    JobEvent.BEGIN:      (_RUNNING,   None,        None,        *_OVER),
    JobEvent.PAUSE:      (_PAUSED,    _PAUSED,     None,        *_OVER),
    JobEvent.RESUME:     (None,       None,        _QUEUED,     *_OVER),
    JobEvent.CANCEL:     (_CANCELLED, None,        _CANCELLED,  *_OVER),
    JobEvent.RETRY:      (None,       None,        None,        None, _QUEUED, _QUEUED, _QUEUED),
    JobEvent.INTERRUPT:  (None,       _QUEUED,     None,        *_OVER),
    JobEvent.COMPLETE:   (_COMPLETED, _COMPLETED,  _COMPLETED,  *_OVER),
    JobEvent.FALL_SHORT: (_SHORT,     _SHORT,      _SHORT,      *_OVER),
    JobEvent.FAIL:       (_BROKEN,    _BROKEN,     _BROKEN,     *_OVER),
    JobEvent.STOP:       (_CANCELLED, _CANCELLED,  _CANCELLED,  *_OVER),
    JobEvent.YIELD:      (_QUEUED,    _QUEUED,     _QUEUED,     *_OVER),
    JobEvent.HOLD:       (_PAUSED,    _PAUSED,     _PAUSED,     *_OVER),
})  # fmt: skip
"""The life of a job. One that the user paused while it was at work ends from there."""
