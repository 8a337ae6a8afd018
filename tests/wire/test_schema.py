"""The published schema: what was in it stays, and what is sent fits it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from usenetsync_tui.model.answers import Answer, Result
from usenetsync_tui.model.commands.recovery import Adopt
from usenetsync_tui.model.recovery.adoption import AdoptedFolder
from usenetsync_tui.model.recovery.backups import BackupFound
from usenetsync_tui.model.recovery.keys import ChangedSecret
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.wire.frames import Answered, asked, command_of, read, written
from usenetsync_tui.wire.schema import published_fields, wire_schema

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678, UTC)
_STORED = Path(__file__).with_name("published_fields.txt")


def test_published_fields_stay(request: pytest.FixtureRequest) -> None:
    """New fields are added to the list by `--snapshot-update`, never removed."""
    stored, now = set(_STORED.read_text().split()), published_fields(wire_schema())
    if request.config.getoption("--snapshot-update"):
        _STORED.write_text("".join(f"{name}\n" for name in sorted(stored | now)))
    assert "JobStatus.done_bytes" in now and "Upload.path" in now and "Greeting.protocol" in now
    assert stored - now == set()


@pytest.mark.parametrize(
    "result",
    [
        AdoptedFolder("f", b"/na\xffme", "where", (1, 2), 2, MOMENT, 3, 4, unsure="why"),
        ChangedSecret(2, "key file", b"/na\xffme", True, (b"/old",), ("note",)),
        BackupFound(1, "1.0", MOMENT, 9, False, 3),
        None,
    ],
)
def test_an_answer_crosses_as_it_is(result: Result | None) -> None:
    frame = Answered(1, Answer(result=result))
    assert read(written(frame)) == frame


def test_a_secret_is_sent_but_not_shown() -> None:
    frame = asked(1, Adopt(Secret("a string"), Secret("a passphrase")))
    assert command_of(frame) == Adopt(Secret("a string"), Secret("a passphrase"))
    assert "a string" in written(frame)
    assert "a string" not in repr(frame) + repr(command_of(frame)) + str(wire_schema())


def test_the_schema_is_json_with_every_command_and_frame() -> None:
    schema = wire_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert {"Upload", "Pause", "Drain", "Share"} <= schema["commands"].keys()
    assert {"greeting", "hello", "changed", "asked", "goodbye"} <= schema["frames"].keys()
