"""The keys of `--json` are those that the README lists, event by event."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from in_process import SNAPSHOTS

from usenetsync_tui.cli.output import json_fields
from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.waiting import Waiting

_README = Path(__file__).parents[2] / "README.md"
_ROW = re.compile(r"^\| `(\w+)`[^|]* \| (.*) \|$", re.MULTILINE)


def documented() -> dict[str, set[str]]:
    """Event → the words set as code in its row of the README: its keys, and some others."""
    section = _README.read_text().split("### JSON")[1].split("\n## ")[0]
    return {event: set(re.findall(r"`(\w+)`", row)) for event, row in _ROW.findall(section)}


def accepted() -> dict[str, list[dict[str, Any]]]:
    """Event → the objects of it in the accepted output of every verb."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in (SNAPSHOTS / "test_accepted").glob("*(json)*"):
        text, at = path.read_text().rstrip(), 0
        while at < len(text):
            value, at = json.JSONDecoder().raw_decode(text, at)
            at += 1
            found.setdefault(value["event"], []).append(value)
    return found


def test_every_event_and_key_is_in_the_readme() -> None:
    events, known = accepted(), documented()
    assert set(events) | {"adopted", "detached", "log", "progress", "url"} == set(known)
    for event, objects in events.items():
        if event == "server":
            continue  # the table of the settings
        for value in objects:
            assert set(value) - {"event"} <= known[event], event


@pytest.mark.parametrize("event", ["notice", "summary", "folder", "snapshot", "file", "job"])
def test_an_event_has_the_same_keys_in_every_verb(event: str) -> None:
    assert len({tuple(value) for value in accepted()[event]}) == 1


def test_progress() -> None:
    status = JobStatus(
        1, 1, "tree", Verb.VERIFY, Priority.NORMAL, JobState.RUNNING, 1, "verify", True,
        0, 0, 0, 0, 10, 5, 0, 0, 0, b"", 1.0, 0.0, None, 1.0,
    )  # fmt: skip
    told = json_fields.progress_fields(status)
    assert set(json_fields.starting_fields(Waiting("waiting for the database"))) == set(told)
    assert set(told) <= documented()["progress"]
    assert (told["current"], told["total"]) == (5, 10)


def test_no_kind_is_a_number() -> None:
    for event, objects in accepted().items():
        for value in objects:
            for key in ("kind", "state", "verb", "priority", "grade", "store", "profile"):
                assert not isinstance(value.get(key), int) or event == "server", (event, key)
