"""The published schema: what was in it stays, and what is sent fits it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from usenetsync_tui.wire.schema import published_fields, wire_schema

_STORED = Path(__file__).with_name("published_fields.txt")


def test_published_fields_stay(request: pytest.FixtureRequest) -> None:
    """New fields are added to the list by `--snapshot-update`, never removed."""
    stored, now = set(_STORED.read_text().split()), published_fields(wire_schema())
    if request.config.getoption("--snapshot-update"):
        _STORED.write_text("".join(f"{name}\n" for name in sorted(stored | now)))
    assert "JobStatus.done_bytes" in now and "Upload.path" in now and "Greeting.protocol" in now
    assert stored - now == set()


def test_the_schema_is_json_with_every_command_and_frame() -> None:
    schema = wire_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert {"Upload", "Pause", "Drain", "Share"} <= schema["commands"].keys()
    assert {"greeting", "hello", "changed", "asked", "goodbye"} <= schema["frames"].keys()
