"""The status as changes: whatever a reader had, it ends with the newest status."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from usenetsync_tui.model.commands.jobs import Upload
from usenetsync_tui.model.commands.recovery import Share
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.model.status.jobs import WorkerStatus
from usenetsync_tui.model.status.recovery import Sharing
from usenetsync_tui.model.status.tasks import Event, Severity
from usenetsync_tui.wire.changes import changed, changes
from usenetsync_tui.wire.frames import Asked, asked, command_of, read, written
from usenetsync_tui.wire.values import FrameError, format_of

EVENTS = tuple(Event(float(n), Severity.INFO, f"event {n}") for n in range(500))
NAME = b"na\xffme\xed\xa0\x80\n\xc3\xa9"
FIRST = EngineStatus(EngineState.IDLE, events=EVENTS, throughput=(0.0,) * 300)


def crossed(before: EngineStatus | None, now: EngineStatus) -> tuple[int, EngineStatus]:
    """The bytes that cross for a change, and the status that the reader has then."""
    text = json.dumps(changes(before, now))
    return len(text), changed(before, json.loads(text))


def test_a_reader_ends_with_the_newest_status_and_is_sent_little() -> None:
    whole, has = crossed(None, FIRST)
    assert has == FIRST
    new = Event(501.0, Severity.BAD, "the newest")
    workers = (WorkerStatus(1, "read", NAME, "detail"),)
    second = replace(
        FIRST,
        events=(*EVENTS[1:], new),
        throughput=(*FIRST.throughput[1:], 7.5),
        workers=workers,
    )
    small, has = crossed(FIRST, second)
    assert has == second and has.workers[0].item == NAME
    assert small < 500 < whole
    third = replace(second, events=(EVENTS[7], new, EVENTS[3]), throughput=(), workers=())
    assert crossed(second, third)[1] == third
    assert changes(third, replace(third)) == {}


def test_fields_that_are_not_known_are_ignored_and_nonsense_is_refused() -> None:
    assert changed(FIRST, {"of a newer engine": 1}) == FIRST
    for nonsense in ({"events": [{"kept": 1}]}, {"state": "asleep"}, {"workers": [{"new": [3]}]}):
        with pytest.raises(FrameError):
            changed(FIRST, nonsense)


def test_names_that_are_not_utf_8_cross_as_surrogates() -> None:
    text = written(asked(1, Upload(NAME)))
    assert text.isascii() and r"na\udcffme\udced\udca0\udc80\n\u00e9" in text
    frame = read(text)
    assert isinstance(frame, Asked) and command_of(frame) == Upload(NAME)


def test_a_secret_is_masked_unless_it_is_revealed() -> None:
    sharing = Sharing(1, Secret("the string"))
    assert format_of(Sharing).plain(sharing)["string"] == "***"
    assert format_of(Sharing).plain(sharing, reveal=True)["string"] == "the string"
    sent = read(written(asked(1, Share(1, Secret("my passphrase")))))
    assert isinstance(sent, Asked)
    got = command_of(sent)
    assert isinstance(got, Share) and isinstance(got.passphrase, Secret)
    assert got.passphrase == "my passphrase" and "passphrase" not in repr(got.passphrase)
    with pytest.raises(FrameError) as caught:
        format_of(Share).value({"folder_id": "x", "passphrase": "my passphrase"})
    assert "my passphrase" not in str(caught.value)
