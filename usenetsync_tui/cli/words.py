"""Figures in words, and the two voices of the command: lines for people, JSON for scripts."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, TextIO

import click
import humanize

from usenetsync_tui.model.entries import Notice
from usenetsync_tui.model.safe_name import safe_name


def size(count: int) -> str:
    """Bytes as people say them."""
    return humanize.naturalsize(count, format="%.1f")


def number(count: int) -> str:
    """A count with its thousands apart."""
    return humanize.intcomma(count)


def duration(seconds: float) -> str:
    """h:mm:ss or m:ss."""
    minutes, left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def reason(notice: Notice) -> str:
    """One line for a notice."""
    name = "!" if notice.is_error else "·"
    kind = notice.kind.name.lower()
    return f"  {name} {kind}: {safe_name(notice.path) or '.'}: {safe_name(notice.reason)}"


def say(text: str) -> None:
    """A line for people, on standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """A line for people, on standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def red(text: str, stream: TextIO | None = None) -> str:
    """The text in red where it goes to a terminal that has colours.

    `stream` is standard output unless said otherwise. NO_COLOR: https://no-color.org.
    """
    if (stream or sys.stdout).isatty() and not os.environ.get("NO_COLOR"):
        return click.style(text, fg="red")
    return text


def emit(event: str, **fields: object) -> None:
    """One JSON object on a line; paths as text that keeps every byte (surrogate escapes)."""
    sys.stdout.write(json.dumps({"event": event, **_plain(fields)}) + "\n")
    sys.stdout.flush()


def row(value: object) -> dict[str, Any]:
    """A frozen value as JSON fields."""
    assert is_dataclass(value) and not isinstance(value, type)
    return {k: _plain(v) for k, v in asdict(value).items()}


def _plain(value: object) -> Any:
    match value:
        case bytes():
            return value.decode("utf-8", "surrogateescape")
        case Enum():
            return value.name.lower()
        case datetime():
            return value.isoformat()
        case Mapping():
            return {str(k): _plain(v) for k, v in value.items()}
        case frozenset():
            return sorted(_plain(v) for v in value)
        case list() | tuple():
            return [_plain(v) for v in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return row(value)
        case _:
            return value
