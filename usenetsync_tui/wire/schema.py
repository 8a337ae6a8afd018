"""The JSON schema of the wire, for programs that speak it: `usenetsync serve --schema`.

Made from the same types as the frames. Fields that were published stay (`tests/wire`); a new one
has a default, so an older program can leave it out.
"""

from __future__ import annotations

from typing import Any, get_args

from pydantic import TypeAdapter

from usenetsync_tui import __version__
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.wire.frames import FRAMES, PROTOCOL

_REFERENCE = "#/$defs/{model}"


def wire_schema() -> dict[str, Any]:
    """The schema: ``frames`` by the name in ``frame``, ``commands`` by class, the ``status``."""
    frames = {("frame", name): kind for name, kind in FRAMES.items()}
    commands = {("command", kind.__name__): kind for kind in get_args(Command)}
    every = {**frames, **commands, ("status", "status"): EngineStatus}
    made, shared = TypeAdapter.json_schemas(
        [(key, "serialization", TypeAdapter(kind)) for key, kind in every.items()],
        ref_template=_REFERENCE,
    )
    schemas = {key: schema for (key, _), schema in made.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"The wire of UsenetSync {__version__}",
        "description": (
            "JSON over WebSocket on a UNIX socket in the data folder. An object's `frame` names "
            "its schema in `frames`. `changed` has fields of `status`: a field that is an array "
            'is sent as runs, {"kept": [start, count]} of what was sent before and {"new": [...]}; '
            "any other field is sent whole. Bytes (names of files) are text, in which the "
            "surrogate \\udcNN is the byte 0xNN that is not UTF-8."
        ),
        "protocol": PROTOCOL,
        "frames": {name: schemas[key] for key in frames for name in [key[1]]},
        "commands": {name: schemas[key] for key in commands for name in [key[1]]},
        "status": schemas["status", "status"],
        "$defs": shared.get("$defs", {}),
    }


def published_fields(schema: dict[str, Any]) -> frozenset[str]:
    """Every field of a schema, as ``Class.field``."""
    return frozenset(
        f"{name}.{field}"
        for name, definition in schema["$defs"].items()
        for field in definition.get("properties", {})
    )
