"""Columns have one order and a key one length: statements and readers take them from one source."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from importlib.resources import files as resources
from importlib.resources.abc import Traversable
from typing import Any

import pytest

from usenetsync_tui.catalogue import columns
from usenetsync_tui.catalogue.session import Catalogue, load
from usenetsync_tui.catalogue.tables import files, jobs, segments
from usenetsync_tui.model.entries import Entry, FileKind, FileState
from usenetsync_tui.model.filters import Filters
from usenetsync_tui.model.folders import Folder, Priority, Realm
from usenetsync_tui.model.jobs import Verb
from usenetsync_tui.model.path_keys import KEY_HEAD, key_head, key_tail, path_key
from usenetsync_tui.model.segments import Codec, Segment, SegmentStatus
from usenetsync_tui.model.versions.keep_rules import KeepRules

ROOT = resources("usenetsync_tui")
READERS = ("catalogue", "pipeline", "store", "engine")


def sources(at: Traversable) -> list[Traversable]:
    """The modules of a package."""
    found = []
    for one in at.iterdir():
        if one.is_dir():
            found += sources(one)
        elif one.name.endswith(".py"):
            found.append(one)
    return found


def counted_columns(source: str) -> list[str]:
    """The places where a module reads the fourth or a later column of a row by number."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            at = node.slice
            numbers = [at.lower, at.upper] if isinstance(at, ast.Slice) else [at]
            values = [n.value for n in numbers if isinstance(n, ast.Constant)]
            if re.fullmatch(r"r|row|record", node.value.id) and any(
                isinstance(v, int) and v > 3 for v in values
            ):
                found.append(ast.unparse(node))
    return found


def test_no_reader_counts_columns() -> None:
    for package in READERS:
        for source in sources(ROOT / package):
            assert counted_columns(source.read_text(encoding="utf-8")) == [], source.name
    assert counted_columns("x = [Due(s, r[14], *row[9:]) for r in rows]") == ["r[14]", "row[9:]"]


def test_the_length_of_a_key_is_written_once() -> None:
    said = [
        source.name
        for source in sources(ROOT)
        if re.search(r"\b1_?800\b", source.read_text(encoding="utf-8"))
    ]
    assert said == ["path_keys.py"]
    sql = [n for p in ("catalogue", "store", "postgres") for n in (ROOT / p).iterdir()]
    assert not [n.name for n in sql if n.name.endswith(".sql") and "1800" in n.read_text()]


@pytest.mark.parametrize("length", [0, 1, KEY_HEAD - 1, KEY_HEAD, KEY_HEAD + 1, 3 * KEY_HEAD])
def test_a_key_is_its_head_and_its_tail(length: int) -> None:
    path = bytes(range(1, 255)) * (length // 254 + 1)
    path = path[:length]
    assert path_key(path) == key_head(path) + key_tail(path)
    assert (path_key(path) == path) is (length <= KEY_HEAD)
    assert len(path_key(path)) <= KEY_HEAD + 32


@pytest.mark.anyio
async def test_what_the_walk_sends_comes_back_in_the_columns_of_its_names(
    catalogue: Catalogue, folder: Folder
) -> None:
    """Each number differs, so that a swapped column shows."""
    paths = [b"short", b"long/" + b"n" * KEY_HEAD]
    entries = [
        Entry(path, FileKind.REGULAR, 11 + n, 22 + n, 33 + n, 44 + n, 0o55, b"link", 66 + n, 77 + n)
        for n, path in enumerate(paths)
    ]
    async with catalogue.transaction() as tx:
        await files.apply_changes(tx, folder.id, 1, entries, [])
        rows = await files.current_page(tx, folder.id, None, 9)
        pending = await files.pending_page(tx, folder, b"", 9)
    named = [dict(zip(columns.CURRENT, row, strict=True)) for row in rows]
    for entry, row, waiting in zip(sorted(entries), named, pending, strict=True):
        key = path_key(entry.path)
        wanted = {**entry._asdict(), "state": FileState.PENDING, "key": key, "racy": None}
        wanted["xattrs"] = None
        assert row == wanted
        assert (waiting.entry, waiting.key) == (entry, key)
        assert waiting.object_id is None and waiting.before is None


@pytest.mark.anyio
async def test_a_written_row_is_read_back_unchanged(catalogue: Catalogue, folder: Folder) -> None:
    row = Segment(
        object_id=5,
        index=6,
        redundancy=7,
        size=8,
        hash=b"h" * 32,
        codec=Codec.LZMA,
        payload_size=9,
        message_id=b"m" * 16,
        status=SegmentStatus.SENDING,
        realm_id=folder.realm.id,
        by_body=True,
    )
    async with catalogue.transaction() as tx:
        await segments.insert(tx, folder.realm.id, [row])
        assert await segments.of_object(tx, 5, 0, 9) == [row]
        assert await segments.unposted(tx, 5, (-1, 0), 9) == [row]
        number = await jobs.add(
            tx, folder.id, Verb.RESTORE, Priority.HIGH, target=b"t", paths=(b"p", b"q r"), version=3
        )
        job = await jobs.by_id(tx, number)
        assert job is not None and [job] == await jobs.recent(tx, 1)
        assert (job.target, job.paths, job.version) == (b"t", (b"p", b"q r"), 3)
        assert (job.verb, job.priority) == (Verb.RESTORE, Priority.HIGH)


@pytest.mark.parametrize(
    ("listed", "kind", "less"),
    [
        (columns.SEGMENT, Segment, {"nonce", "headers"}),
        (columns.FOLDER, Folder, {"realm", "filters", "keep"}),
        (columns.FILTERS, Filters, set()),
        ({n: c for n, c in columns.KEEP.items() if n != "is_own"}, KeepRules, set()),
        (columns.REALM, Realm, set()),
    ],
)
def test_columns_are_the_fields_of_what_is_read(
    listed: columns.Columns, kind: type[Any], less: set[str]
) -> None:
    assert set(listed) == {field.name for field in fields(kind)} - less


def test_the_staging_table_and_the_copy_have_the_same_columns() -> None:
    sql = load("usenetsync_tui.catalogue.tables", "files.sql")
    made = re.search(r"staged_files \((.*)\)", sql["staging"])
    sent = re.search(r"staged_files \((.*)\)", sql["copy_staged"])
    assert made is not None and sent is not None
    names = [part.split()[0] for part in made[1].split(", ")]
    assert names == sent[1].split(", ") == list(files.StagedRow._fields)


@pytest.mark.anyio
async def test_packs_exchange_all_of_a_segment_but_its_key(catalogue: Catalogue) -> None:
    async with catalogue.transaction() as tx:
        rows = await tx.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'segments'::regclass"
            " AND attnum > 0 AND NOT attisdropped"
        )
    sql = load("usenetsync_tui.catalogue.tables.forgetting", "packs.sql")["exchange"]
    columns_of = [re.findall(r"\w+", part) for part in re.findall(r"\(([^()]*)\)", sql)[:2]]
    assert columns_of[1] == [word for name in columns_of[0] for word in ("o", name)]
    key = {"object_id", "segment_index", "redundancy"}
    assert {*columns_of[0]} | key == {name for (name,) in rows}
