"""What an engine and a window tell each other: one JSON object a message, named by ``frame``.

The engine begins with `Greeting`, the window replies `Hello`. From then on the engine sends
`Changed` whenever its status has changed (`changes` says how), the window sends `Asked` and
`Awaited`, and each of those gets one `Answered` or `Ended` with the same number. `Goodbye` is the
engine's last frame; without it, the engine died.

A command crosses as its class's name and its fields. Frames are ASCII: a name that is not UTF-8
has surrogate escapes (`values`). A frame or field that the reader does not know is ignored, so
both may grow within a protocol version.
"""

from __future__ import annotations

import json
from dataclasses import field
from typing import Any, get_args

from usenetsync_tui.model.answers import Answer
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.outcomes import Summary
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.windows import Farewell, Window
from usenetsync_tui.wire.values import FrameError, format_of

PROTOCOL = 1
"""Grows when an old window and a new engine can no longer understand each other."""

COMMANDS: dict[str, type] = {kind.__name__: kind for kind in get_args(Command)}
"""The classes of the commands, by name."""


@value_object
class Greeting:
    """The engine's first frame."""

    protocol: int
    program: str
    """The version of UsenetSync."""
    holder: Window
    """The program that runs the engine."""
    catalogue: str
    """Which catalogue it works on (`places.catalogue_mark`)."""


@value_object
class Hello:
    """The window's first frame."""

    protocol: int
    program: str
    window: Window
    """Who attaches. The engine takes the process id from the kernel instead."""


@value_object
class Changed:
    """The status has changed."""

    changes: dict[str, Any]
    """The new values of the fields that differ from what this window was sent before."""


@value_object
class Asked:
    """A command of the user."""

    number: int
    """Of this window's frames; the answer has it too."""
    command: str
    """The name of the command's class."""
    values: dict[str, Any] = field(repr=False)
    """Its fields; a secret is among them as it is."""


@value_object
class Answered:
    """What became of a command."""

    number: int
    answer: Answer


@value_object
class Awaited:
    """The window wants to know how a job ends."""

    number: int
    job_id: int


@value_object
class Ended:
    """How a job ended."""

    number: int
    summary: Summary


@value_object
class Goodbye:
    """The engine's last frame."""

    reason: Farewell
    message: str = ""
    """Details, for people."""


Frame = Greeting | Hello | Changed | Asked | Answered | Awaited | Ended | Goodbye
FRAMES: dict[str, type] = {kind.__name__.lower(): kind for kind in get_args(Frame)}
"""The classes of the frames, by the name in ``frame``."""


def written(frame: Frame) -> str:
    """The text of a frame. Secrets are in it as they are."""
    kind: type = type(frame)
    plain = format_of(kind).plain(frame, reveal=True)
    return json.dumps({"frame": kind.__name__.lower(), **plain})


def read(text: str | bytes) -> Frame | None:
    """The frame of a text; None for a frame of a newer program. Raises `FrameError`."""
    try:
        plain = json.loads(text)
        kind = FRAMES.get(plain.pop("frame"))
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise FrameError("not a frame") from None
    if kind is None:
        return None
    frame: Frame = format_of(kind).value(plain)
    return frame


def asked(number: int, command: Command) -> Asked:
    """The frame of a command."""
    kind: type = type(command)
    return Asked(number, kind.__name__, format_of(kind).plain(command, reveal=True))


def command_of(frame: Asked) -> Command:
    """The command in a frame. Raises `FrameError` for one that this program does not know."""
    kind = COMMANDS.get(frame.command)
    if kind is None:
        raise FrameError(f"this engine knows no command {frame.command!r}")
    command: Command = format_of(kind).value(frame.values)
    return command
