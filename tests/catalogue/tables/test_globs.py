"""Globs, as PostgreSQL matches them against paths of any bytes."""

from __future__ import annotations

from typing import LiteralString

import pytest

from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.catalogue.tables.matching import all_of, globbed

pytestmark = pytest.mark.anyio
_MATCHES: LiteralString = (
    "SELECT {} FROM (SELECT %(path)s AS path_key, NULL::bytea AS long_path) AS f"
)
CASES: tuple[tuple[str, tuple[bytes, ...], tuple[bytes, ...]], ...] = (
    ("*.cr3", (b"a.cr3", b"1998/IMG.CR3", b".cr3"), (b"a.cr3.txt", b"a.cr3/b", b"acr3")),
    ("*.CR3", (b"1998/IMG.CR3",), (b"a.cr3",)),
    (
        "IMG_?",
        (b"x/IMG_1", "IMG_日".encode(), b"IMG_\xff", b"IMG_1/"),
        (b"IMG_", b"img_1"),
    ),
    ("[ab]*", (b"a", b"x/bc", b"B1"), (b"ca", b"a/c", b"")),
    ("[!a-c]?", (b"dx", "éx".encode()), (b"ax", b"cx", b"d/x")),
    ("[é日]*", ("éa".encode(), "日".encode()), (b"e", b"\xc3")),
    ("[]x]?", (b"]a", b"xa"), (b"a]",)),
    ("a/*", (b"a/b", b"a/b/"), (b"a/b/c", b"x/a/b", b"a/")),
    ("a/**", (b"a/b", b"a/b/c"), (b"b/a/c",)),
    ("**/x?", (b"x1", b"a/x1", b"a/b/x1"), (b"a/x1/c", b"ax1")),
    ("2024/**/x?", (b"2024/x1", b"2024/a/b/x1"), (b"x/2024/x1", b"2024x1")),
    ("a*/", (b"ab/", b"x/a/"), (b"ab",)),
    ("*(1)+.{2}^$|\\*", (b"x(1)+.{2}^$|\\", b"(1)+.{2}^$|\\y"), (b"1", b"x(1)")),
    ("*\n*", (b"a\nb",), (b"ab",)),
    ("***=a*", (b"x=ab",), (b"a",)),
    ("*[", (b"a[",), (b"a",)),
    ("*\x85é", (b"x" + "\x85é".encode(),), (b"x\x85",)),
)


async def test_what_a_glob_matches(catalogue: Catalogue) -> None:
    wrong = []
    async with catalogue.transaction() as tx:
        for text, matching, others in CASES:
            glob = text.encode()
            values = [(path, True) for path in matching] + [(path, False) for path in others]
            for path, expected in values:
                if await _matches(tx, glob, path) is not expected:
                    wrong.append((text, path, expected))
    assert wrong == []


async def test_a_hostile_glob_is_no_error(catalogue: Catalogue) -> None:
    globs = (
        b"*\xff\xfe?",
        b"*" * 5000,
        b"?" * 5000,
        b"[!" + b"a-z" * 900 + b"]*",
        b"*\0",
        b"[z-a]?",
    )
    async with catalogue.transaction() as tx:
        for glob in globs:
            assert await _matches(tx, glob, b"x" * 200) in (True, False)


async def _matches(tx: Transaction, glob: bytes, path: bytes) -> object:
    terms, values = globbed((glob,))
    return (await tx.one(_MATCHES.format(all_of(*terms)), {**values, "path": path}))[0]
