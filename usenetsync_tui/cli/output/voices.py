"""The two forms of output: lines for people, JSON for scripts.

`model.text.figures` and `model.text.words` decide how figures and states are written.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from textwrap import wrap
from typing import Any, TextIO

import click
from rich.cells import cell_len

from usenetsync_tui.cli.output.table import Column, table, terminal_width
from usenetsync_tui.model.entries import Notice
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.text.words import NOTICE_WORDS

_LEAST_BESIDE = 24
"""Least cells for a text beside its head; with fewer it goes below."""


def reason(notice: Notice) -> str:
    """One line for a notice."""
    glyph = "!" if notice.is_error else "·"
    words = NOTICE_WORDS[notice.kind]
    return f"  {glyph} {words}: {safe_name(notice.path) or '.'}: {safe_name(notice.reason)}"


def say(text: str) -> None:
    """Print a line for people on standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Print a line for people on standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def write_bytes(data: bytes) -> None:
    """Write some of a file's bytes to standard output. Blocking."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def say_beside(head: str, text: str) -> None:
    """Print a head and a text beside it on standard output; a terminal wraps the text as a column.

    In a narrow terminal the text is below its head.
    """
    width = terminal_width()
    if width is None:
        say(f"{head}{text}")
        return
    indent = cell_len(head)
    if width - indent < _LEAST_BESIDE and cell_len(head + text) > width:
        say(head.rstrip())
        head, indent = "  ", 2
    rows = wrap(text, max(1, width - indent), break_long_words=False, break_on_hyphens=False)
    say(f"{head}{rows[0] if rows else ''}".rstrip())
    for row in rows[1:]:
        say(f"{'':{indent}}{row}")


def say_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    """Print a table for people on standard output; nothing when there are no rows."""
    every = list(rows)
    if every:
        for line in table(columns, every, terminal_width()):
            say(line)


def red(text: str, stream: TextIO | None = None) -> str:
    """The text, in red if `stream` is a terminal with colours.

    `stream` is standard output by default. NO_COLOR: https://no-color.org.
    """
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    if (stream or sys.stdout).isatty() and not plain:
        return click.style(text, fg="red")
    return text


def emit(event: str, **fields: object) -> None:
    """Print one JSON object on a line; paths as text that keeps every byte (surrogate escapes)."""
    sys.stdout.write(json.dumps({"event": event, **_plain(fields)}) + "\n")
    sys.stdout.flush()


def _plain(value: object) -> Any:
    match value:
        case bytes() | Path():
            return os.fsencode(value).decode("utf-8", "surrogateescape")
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
            return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
        case _:
            return value
