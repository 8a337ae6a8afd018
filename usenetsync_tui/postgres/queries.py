"""Loads SQL from ``.sql`` files: several queries per file, each with a name and a purpose.

A query begins with a comment that is only its name, at the start of the file or after an empty
line; comments with its purpose follow, then the SQL up to its closing semicolon::

    -- insert_pending
    -- Adds new files of the version under construction.
    INSERT INTO …;

Statements write the program's numbers by name: ``status = {segment.posted}``, ``status IN
{segment.there}``. The loader replaces the names once, so PostgreSQL sees literals, as it must to
use a partial index.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import LiteralString

from usenetsync_tui.model.value_object import value_object

_NAME = re.compile(r"^-- ([a-z][a-z0-9_]*)$")
_CONSTANT = re.compile(r"\{([a-z_]+\.[a-z_]+)\}")
_COMMENT = "--"
_NONE: Mapping[str, LiteralString] = MappingProxyType({})


@value_object
class Queries(Mapping[str, LiteralString]):
    """The queries of one file, by name."""

    source: str
    """The file's name, for messages."""

    statements: Mapping[str, LiteralString]

    def __getitem__(self, name: str) -> LiteralString:
        try:
            return self.statements[name]
        except KeyError:
            raise KeyError(f"{self.source} has no query named {name}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.statements)

    def __len__(self) -> int:
        return len(self.statements)


def load_queries(
    package: str | None, name: str, constants: Mapping[str, LiteralString] = _NONE
) -> Queries:
    """The queries of the file ``name`` beside the modules of ``package``.

    Pass ``__package__``. Raises ``ValueError`` as ``parse_queries`` does.
    """
    if package is None:
        raise ValueError(f"{name} belongs to no package")
    text = (files(package) / name).read_text(encoding="utf-8")
    return parse_queries(text, source=name, constants=constants)


def parse_queries(
    text: str, *, source: str, constants: Mapping[str, LiteralString] = _NONE
) -> Queries:
    """The queries in ``text``, with ``constants`` (``table.name`` → SQL) inserted.

    Raises ``ValueError``, with ``source``, for a duplicate name, a query without purpose or SQL or
    closing semicolon, an unknown constant, and for text before the first name.
    """
    statements: dict[str, LiteralString] = {}
    for name, lines in _blocks(text, source):
        purpose = [line for line in _leading_comments(lines) if line.strip("- ")]
        sql = "\n".join(lines[len(_leading_comments(lines)) :]).strip()
        if name in statements:
            raise ValueError(f"{source}: the query {name} comes twice")
        if not purpose:
            raise ValueError(f"{source}: the query {name} does not say what it is for")
        if not sql.endswith(";"):
            raise ValueError(f"{source}: the query {name} does not end with a semicolon")
        for constant in _CONSTANT.findall(sql):
            if constant not in constants:
                raise ValueError(f"{source}: the query {name} names {{{constant}}}: unknown")
        # Literal in the sense of PEP 675: our package data is as trusted as our code.
        statements[name] = _CONSTANT.sub(lambda found: constants[found[1]], sql)
    if not statements:
        raise ValueError(f"{source}: no query in it")
    return Queries(source, statements)


def _blocks(text: str, source: str) -> Iterator[tuple[str, list[str]]]:
    name: str | None = None
    lines: list[str] = []
    before = ""
    for line in text.splitlines():
        header = _NAME.match(line)
        if header and not before.strip():
            if name is not None:
                yield name, lines
            name, lines = header[1], []
        elif name is not None:
            lines.append(line)
        elif line.strip():
            raise ValueError(f"{source}: text before the first query: {line}")
        before = line
    if name is not None:
        yield name, lines


def _leading_comments(lines: list[str]) -> list[str]:
    end = next((i for i, line in enumerate(lines) if not line.startswith(_COMMENT)), len(lines))
    return lines[:end]
