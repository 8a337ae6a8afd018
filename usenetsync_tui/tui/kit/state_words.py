"""The words and the ink of each state on the screen."""

from __future__ import annotations

from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.lists.files import FileView
from usenetsync_tui.model.status.engine import EngineState
from usenetsync_tui.model.text.words import FILE_WORDS, JOB_WORDS
from usenetsync_tui.tui.kit.inks import Ink

JOB_STATES: dict[JobState, tuple[str, Ink]] = {
    JobState.QUEUED: (JOB_WORDS[JobState.QUEUED], "muted"),
    JobState.RUNNING: (JOB_WORDS[JobState.RUNNING], "busy"),
    JobState.PAUSED: (JOB_WORDS[JobState.PAUSED], "warn"),
    JobState.COMPLETED: (JOB_WORDS[JobState.COMPLETED], "good"),
    JobState.INCOMPLETE: (JOB_WORDS[JobState.INCOMPLETE], "warn"),
    JobState.FAILED: (JOB_WORDS[JobState.FAILED], "bad"),
    JobState.CANCELLED: (JOB_WORDS[JobState.CANCELLED], "muted"),
}

ENGINE_STATES: dict[EngineState, tuple[str, Ink]] = {
    EngineState.STARTING: ("… starting", "busy"),
    EngineState.IDLE: ("· idle", "muted"),
    EngineState.RUNNING: ("▲ running", "busy"),
    EngineState.PAUSED: ("‖ paused", "warn"),
    EngineState.DRAINING: ("… draining", "warn"),
    EngineState.STOPPED: ("· stopped", "muted"),
    EngineState.FAILED: ("! failed", "bad"),
    EngineState.REFUSED: ("! not started", "bad"),
}

FILE_STATES: dict[FileView, tuple[str, Ink]] = {
    FileView.QUEUED: (FILE_WORDS[FileView.QUEUED], "muted"),
    FileView.POSTING: (FILE_WORDS[FileView.POSTING], "busy"),
    FileView.DONE: (FILE_WORDS[FileView.DONE], "good"),
    FileView.FAILED: (FILE_WORDS[FileView.FAILED], "bad"),
}
