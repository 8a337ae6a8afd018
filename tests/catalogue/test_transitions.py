"""The statements of the catalogue and the tables of `model.transitions`, pair by pair."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from importlib.resources import files as resources
from typing import Any, NamedTuple

import pytest

from usenetsync_tui.catalogue.session import Catalogue, Transaction, load
from usenetsync_tui.catalogue.state_names import CONSTANTS
from usenetsync_tui.catalogue.tables import (
    checks,
    files,
    folders,
    jobs,
    objects,
    segments,
    snapshots,
)
from usenetsync_tui.catalogue.tables.files import Placed
from usenetsync_tui.catalogue.tables.objects import NewObject
from usenetsync_tui.catalogue.tables.version_files import VersionCounts
from usenetsync_tui.model import transitions
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.digests import DigestKind, FileDigest
from usenetsync_tui.model.entries import Entry, FileState
from usenetsync_tui.model.folders import Folder, Priority, SnapshotState
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.segments import Codec, Receipt, Segment, SegmentStatus
from usenetsync_tui.model.transitions import (
    FILES,
    JOBS,
    SEGMENTS,
    SNAPSHOTS,
    FileEvent,
    JobEvent,
    Lifecycle,
    SegmentEvent,
    SnapshotEvent,
)

_AGO, _AHEAD = -60, 60
_COUNTS = VersionCounts(0, 0, 0, 0, 0)

TABLES = "usenetsync_tui.catalogue.tables"

Rows = dict[Any, tuple[Any, str]]
"""By the row's first state: its state now, and where that version of the row lies."""


def check(life: Lifecycle[Any, Any], event: Any, before: Rows, after: Rows) -> None:
    """Check each state of the table: changed if and only if the table says so, and to its state."""
    assert list(before) == list(life.states)
    for state in life.states:
        wanted = life.after(state, event)
        assert after[state][0] is (state if wanted is None else wanted), (event, state)
        touched = after[state][1] != before[state][1]
        assert touched is (wanted is not None), (event, state, "changed" if touched else "kept")


def updates(table: str, column: str) -> Iterator[str]:
    """Names of the statements that set a column of a table, in all files."""
    for package in ("usenetsync_tui.catalogue.tables", "usenetsync_tui.catalogue.lookups"):
        for source in (s for s in resources(package).iterdir() if s.name.endswith(".sql")):
            for name, sql in load(package, source.name).items():
                for part in re.split(r"(?<!DO )(?<!FOR )\b(?=UPDATE\b|INSERT INTO\b)", sql):
                    is_it = re.match(rf"(UPDATE|INSERT INTO) {table}\b", part)
                    values = re.search(r"\bSET\b((?:(?!\bWHERE\b|\bFROM\b).)*)", part, re.DOTALL)
                    if is_it and values and re.search(rf"\b{column} = ", values[1]):
                        yield name


# Segments ---------------------------------------------------------------------------------------


def _row(state: SegmentStatus) -> Segment:
    name = (100 + state).to_bytes(16, "big")
    return Segment(10 + state, 0, 0, 100, b"%032d" % state, Codec.LZ4, 50, name, state)


ROWS = [_row(state) for state in SegmentStatus]
NAMES = [row.message_id for row in ROWS]


class Step(NamedTuple):
    """A statement that changes segments, and its event."""

    event: SegmentEvent
    run: Callable[[Transaction], Awaitable[object]]
    check_at: int = _AGO
    """When to ask the store about the articles: seconds from now."""


async def _give_up(tx: Transaction) -> None:
    for name in NAMES:
        await segments.mark_failed(tx, name, 1, "no")


async def _outdate(tx: Transaction) -> None:
    for row in ROWS:
        await segments.mark_stale(tx, row.object_id)


async def _plan_again(tx: Transaction) -> None:
    for row in ROWS:
        await tx.fetch(load(TABLES, "bulk.sql")["plan_again"], {"object": row.object_id})


async def _repost(tx: Transaction) -> None:
    for name in NAMES:
        await segments.count_repost(tx, name)


async def _rename(tx: Transaction) -> None:
    for name in NAMES:
        await segments.rename(tx, name, bytes(reversed(name)), None)


STEPS = {
    "mark_sending": Step(
        SegmentEvent.SEND, lambda tx: segments.mark_sending(tx, dict.fromkeys(NAMES))
    ),
    "mark_posted": Step(
        SegmentEvent.ACKNOWLEDGE,
        lambda tx: segments.mark_posted(tx, dict.fromkeys(NAMES, Receipt())),
    ),
    "mark_failed": Step(SegmentEvent.GIVE_UP, _give_up),
    "mark_verified": Step(SegmentEvent.VERIFY, lambda tx: segments.mark_verified(tx, ROWS)),
    "mark_missing": Step(SegmentEvent.MISS, lambda tx: segments.mark_missing(tx, NAMES, "gone")),
    "mark_stale": Step(SegmentEvent.OUTDATE, _outdate),
    "plan_again": Step(SegmentEvent.PLAN_AGAIN, _plan_again),
    "rename": Step(SegmentEvent.RENAME, _rename),
    "count_repost": Step(SegmentEvent.REPOST, _repost),
    "postpone": Step(
        SegmentEvent.POSTPONE, lambda tx: checks.postpone(tx, dict.fromkeys(NAMES, 5.0), 900.0)
    ),
    "check_later": Step(SegmentEvent.POSTPONE, lambda tx: checks.check_later(tx, NAMES, 5.0)),
    "bring_forward": Step(
        SegmentEvent.POSTPONE, lambda tx: checks.bring_forward(tx, 1, 9.0), _AHEAD
    ),
}


async def _segments(tx: Transaction, first: int = 10) -> Rows:
    rows = await tx.fetch(
        "SELECT object_id, status, tableoid::text || ctid::text FROM segments"
        " WHERE object_id BETWEEN %(first)s AND %(last)s ORDER BY object_id",
        {"first": first, "last": first + 9},
    )
    return {SegmentStatus(r[0] - first): (SegmentStatus(r[1]), r[2]) for r in rows}


@pytest.fixture
async def ledger(catalogue: Catalogue, folder: Folder) -> Catalogue:
    async with catalogue.transaction() as tx:
        made = [NewObject(r.object_id, 0, 100, 100, 1, 1, b"k", b"k") for r in ROWS]
        await objects.insert(tx, folder.id, folder.realm.id, 1, made)
        await segments.insert(tx, folder.realm.id, ROWS)
    return catalogue


@pytest.mark.anyio
async def test_segments_change_as_the_table_says(ledger: Catalogue) -> None:
    for step in STEPS.values():
        async with ledger.transaction() as tx:
            await tx.run(
                "UPDATE segments SET status = (object_id - 10)::int2,"
                " message_id = decode(lpad(to_hex(90 + object_id), 32, '0'), 'hex'),"
                " check_at = now() + %(at)s * interval '1 second'",
                {"at": step.check_at},
            )
        async with ledger.transaction() as tx:
            before = await _segments(tx)
            assert all(began is now for began, (now, _) in before.items())
        async with ledger.transaction() as tx:
            await step.run(tx)
        async with ledger.transaction() as tx:
            check(SEGMENTS, step.event, before, await _segments(tx))


@pytest.mark.anyio
async def test_a_slice_shares_an_article_in_the_states_of_the_table(ledger: Catalogue) -> None:
    async with ledger.transaction() as tx:
        for row in ROWS:
            values = {"old": row.object_id, "new": row.object_id + 10, "copies": 1}
            await tx.fetch(load(TABLES, "known.sql")["share"], {**values, "first": 0, "last": 1})
        shared = {state: now for state, (now, _) in (await _segments(tx, 20)).items()}
    table = {s: SEGMENTS.after(s, SegmentEvent.SHARE) for s in SegmentStatus}
    assert shared == {s: then for s, then in table.items() if then is not None}


def test_every_statement_about_segments_is_tried() -> None:
    assert set(updates("segments", "(status|reposts|message_id|check_at)")) == set(STEPS)
    assert {step.event for step in STEPS.values()} | {SegmentEvent.SHARE} == set(SegmentEvent)


# Files ------------------------------------------------------------------------------------------


def _key(state: FileState) -> bytes:
    return b"file %d" % state


KEYS = [_key(state) for state in FileState]


async def _read_again(tx: Transaction, folder: Folder) -> None:
    values = {"folder": folder.id, "version": 1, "keys": KEYS}
    await tx.run(load(TABLES, "moves.sql")["read_again"], values)


async def _bulk(tx: Transaction, folder: Folder, name: str) -> None:
    values = {"folder": folder.id, "version": 1, "keys": KEYS, "reason": "held"}
    await tx.fetch(load(TABLES, "bulk.sql")[name], values)


async def _replace(tx: Transaction, folder: Folder) -> None:
    entries = [Entry(key, 0, 9, 9, 9, 9, 0o644, None, 0, 0) for key in KEYS]
    await files.apply_changes(tx, folder.id, 1, entries, [])


FILE_STEPS: dict[
    str, tuple[FileEvent, Callable[[Transaction, Folder], Awaitable[object]]]
] = {
    "set_planned": (
        FileEvent.PLACE,
        lambda tx, f: files.set_planned(
            tx, f.id, [Placed(key, 1, 0, FileDigest(DigestKind.BLAKE3, b"d" * 32)) for key in KEYS]
        ),
    ),
    "set_failed": (
        FileEvent.FAIL,
        lambda tx, f: files.set_failed(tx, f.id, [(key, "unreadable") for key in KEYS]),
    ),
    "fail": (FileEvent.SKIP, lambda tx, f: _bulk(tx, f, "fail")),
    "revive": (FileEvent.RETRY, lambda tx, f: _bulk(tx, f, "revive")),
    "set_stale": (
        FileEvent.READ_AGAIN,
        lambda tx, f: files.set_stale(tx, f.id, 1, KEYS[0], KEYS[-1]),
    ),
    "read_again": (FileEvent.READ_AGAIN, _read_again),
    "insert_staged": (FileEvent.REPLACE, _replace),
}  # fmt: skip


async def _files(tx: Transaction) -> Rows:
    rows = await tx.fetch("SELECT path_key, state, ctid::text FROM files ORDER BY path_key")
    return {FileState(int(r[0][-1:])): (FileState(r[1]), r[2]) for r in rows}


@pytest.mark.anyio
async def test_files_change_as_the_table_says(catalogue: Catalogue, folder: Folder) -> None:
    for event, run in FILE_STEPS.values():
        async with catalogue.transaction() as tx:
            await tx.run("DELETE FROM files")
            for state in FileState:
                await tx.run(
                    "INSERT INTO files (folder_id, path_key, first_version, kind, state, mode,"
                    " size, mtime_ns, ctime_ns, inode, object_id, object_offset)"
                    " VALUES (%(folder)s, %(key)b, 1, 0, %(state)s, 420, 1, 1, 1, 1, 1, 0)",
                    {"folder": folder.id, "key": _key(state), "state": int(state)},
                )
        async with catalogue.transaction() as tx:
            before = await _files(tx)
        async with catalogue.transaction() as tx:
            await run(tx, folder)
        async with catalogue.transaction() as tx:
            check(FILES, event, before, await _files(tx))


def test_every_statement_about_states_of_files_is_tried() -> None:
    assert set(updates("files", "state")) == set(FILE_STEPS)
    assert {event for event, _ in FILE_STEPS.values()} == set(FileEvent)


# Versions ---------------------------------------------------------------------------------------


async def _finish(tx: Transaction, folder: int, errors: int) -> None:
    await snapshots.finish(tx, folder, 1, _COUNTS, (0, 0, 0), errors)


VERSION_STEPS: dict[
    SnapshotEvent, tuple[str, Callable[[Transaction, int], Awaitable[object]]]
] = {
    SnapshotEvent.RESUME: ("begin", lambda tx, folder: snapshots.begin(tx, folder)),
    SnapshotEvent.FINISH_COMPLETE: ("finish", lambda tx, folder: _finish(tx, folder, 0)),
    SnapshotEvent.FINISH_INCOMPLETE: ("finish", lambda tx, folder: _finish(tx, folder, 1)),
    SnapshotEvent.REPAIR: ("mark_repaired", snapshots.mark_repaired),
    SnapshotEvent.LOSE: (
        "mark_incomplete",
        lambda tx, folder: snapshots.mark_incomplete(tx, [folder]),
    ),
}  # fmt: skip


async def _versions(tx: Transaction, folders_of: dict[SnapshotState, int]) -> Rows:
    rows = await tx.fetch("SELECT folder_id, state, ctid::text FROM snapshots WHERE version = 1")
    found = {r[0]: (SnapshotState(r[1]), r[2]) for r in rows}
    return {state: found[folder] for state, folder in folders_of.items()}


@pytest.mark.anyio
@pytest.mark.parametrize("event", SnapshotEvent)
async def test_versions_change_as_the_table_says(
    catalogue: Catalogue, event: SnapshotEvent
) -> None:
    kept: dict[SnapshotState, int] = {}
    async with catalogue.transaction() as tx:
        for state in SnapshotState:
            folder = await folders.keep(tx, b"/%d" % state, FolderChoices())
            kept[state] = folder.id
            await tx.run(
                "INSERT INTO snapshots (folder_id, version, state)"
                " VALUES (%(folder)s, 1, %(state)s)",
                {"folder": folder.id, "state": int(state)},
            )
            # An object with the folder's number, not whole, in which a file of the version lies.
            if event is SnapshotEvent.LOSE:
                made = NewObject(folder.id, 0, 1, 1, 1, 1, b"a", b"a")
                await objects.insert(tx, folder.id, folder.realm.id, 1, [made])
                await tx.run(
                    "INSERT INTO files (folder_id, path_key, first_version, kind, state, mode,"
                    " size, mtime_ns, ctime_ns, inode, object_id, object_offset)"
                    " VALUES (%(folder)s, 'a', 1, 0, 1, 420, 1, 1, 1, 1, %(folder)s, 0)",
                    {"folder": folder.id},
                )
    async with catalogue.transaction() as tx:
        before = await _versions(tx, kept)
    async with catalogue.transaction() as tx:
        for number in kept.values():
            await VERSION_STEPS[event][1](tx, number)
    async with catalogue.transaction() as tx:
        check(SNAPSHOTS, event, before, await _versions(tx, kept))


def test_every_statement_about_states_of_versions_is_tried() -> None:
    assert set(updates("snapshots", "state")) == {name for name, _ in VERSION_STEPS.values()}


# Jobs -------------------------------------------------------------------------------------------


async def _jobs(tx: Transaction, ids: dict[JobState, int]) -> Rows:
    rows = await tx.fetch("SELECT id, state, ctid::text FROM jobs")
    found = {r[0]: (JobState(r[1]), r[2]) for r in rows}
    return {state: found[number] for state, number in ids.items()}


async def _each(tx: Transaction, ids: dict[JobState, int], event: JobEvent) -> None:
    for number in ids.values():
        await jobs.change_state(tx, number, event)


async def _begin(tx: Transaction, ids: dict[JobState, int]) -> None:
    for number in ids.values():
        await jobs.begin(tx, number)


async def _set(tx: Transaction, ids: dict[JobState, int], state: JobState) -> None:
    for number in ids.values():
        await jobs.set_state(tx, number, state, "words")


SET_BY_WHO_RUNS_IT = (
    JobEvent.BEGIN,
    JobEvent.COMPLETE,
    JobEvent.FALL_SHORT,
    JobEvent.FAIL,
    JobEvent.STOP,
    JobEvent.YIELD,
    JobEvent.HOLD,
)
JOB_STEPS: list[
    tuple[str, JobEvent, Callable[[Transaction, dict[JobState, int]], Awaitable[object]]]
] = [
    *(
        ("change_state", event, lambda tx, ids, e=event: _each(tx, ids, e))
        for event in JobEvent
        if event is not JobEvent.INTERRUPT
    ),
    *(
        ("change_all", event, lambda tx, _, e=event: jobs.change_all(tx, e))
        for event in (JobEvent.PAUSE, JobEvent.RESUME)
    ),
    *(
        ("set_state", event, lambda tx, ids, e=event: _set(tx, ids, JOBS.result(e)))
        for event in SET_BY_WHO_RUNS_IT
    ),
    ("begin", JobEvent.BEGIN, _begin),
    ("interrupted", JobEvent.INTERRUPT, lambda tx, _: jobs.requeue_interrupted(tx)),
]


@pytest.mark.anyio
async def test_jobs_change_as_the_table_says(catalogue: Catalogue, folder: Folder) -> None:
    ids: dict[JobState, int] = {}
    async with catalogue.transaction() as tx:
        for state in JobState:
            ids[state] = await jobs.add(tx, folder.id, Verb.VERIFY, Priority.LOW, queued=True)
    for _, event, run in JOB_STEPS:
        async with catalogue.transaction() as tx:
            for state, number in ids.items():
                await tx.run(
                    "UPDATE jobs SET state = %(state)s WHERE id = %(id)s",
                    {"state": str(state), "id": number},
                )
        async with catalogue.transaction() as tx:
            before = await _jobs(tx, ids)
        async with catalogue.transaction() as tx:
            await run(tx, ids)
        async with catalogue.transaction() as tx:
            check(JOBS, event, before, await _jobs(tx, ids))


def test_every_statement_about_states_of_jobs_is_tried() -> None:
    assert set(updates("jobs", "state")) == {name for name, _, _ in JOB_STEPS}
    assert {event for _, event, _ in JOB_STEPS} == set(JobEvent)


# The tables themselves --------------------------------------------------------------------------


def test_the_docstring_lists_the_transitions_of_a_segment() -> None:
    told = {}
    for line in (transitions.__doc__ or "").splitlines():
        if found := re.match(r"    (\w+) {2,}\S.*\S {2,}(\S.*)$", line):
            told[found[1]] = found[2].split(", ")
    assert told.pop("state") == ["leaves by"]
    assert list(told) == [s.name.lower() for s in SegmentStatus]
    for state in SegmentStatus:
        leaves = [e for e in SegmentEvent if SEGMENTS.after(state, e) not in (None, state)]
        assert told[state.name.lower()] == ([e.replace("_", " ") for e in leaves] or ["-"])


@pytest.mark.parametrize("life", [SEGMENTS, FILES, SNAPSHOTS, JOBS])
def test_a_table_has_a_column_for_each_state(life: Lifecycle[Any, Any]) -> None:
    assert {len(row) for row in life.table.values()} == {len(life.states)}


@pytest.mark.anyio
async def test_partial_indexes_have_the_lists_of_the_statements(catalogue: Catalogue) -> None:
    """PostgreSQL compares a statement's list with the index predicates, which use numbers."""
    async with catalogue.transaction() as tx:
        rows = await tx.fetch(
            "SELECT c.relname::text, pg_get_expr(i.indpred, i.indrelid) FROM pg_index i"
            " JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indpred IS NOT NULL"
        )
        asked = {
            "segments_pending": f"SELECT status NOT IN {CONSTANTS['segment.not_sendable']}",
            "segments_check": f"SELECT status = {CONSTANTS['segment.posted']}",
            "files_pending": f"SELECT state = {CONSTANTS['file.pending']}",
            "jobs_open": f"SELECT state IN {CONSTANTS['job.open']}",
        }
        predicates = dict(rows)
        for index, statement in asked.items():
            for state in (*range(7), *map(str, JobState)):
                column = "status" if index.startswith("segments") else "state"
                is_text = isinstance(state, str)
                if is_text is not (index == "jobs_open"):
                    continue
                kind = "text" if is_text else "int2"
                given = f"(SELECT %(state)s::{kind} AS {column}, now() AS check_at) AS t"
                mine = await tx.one(f"{statement} FROM {given}", {"state": state})
                theirs = await tx.one(f"SELECT {predicates[index]} FROM {given}", {"state": state})
                assert mine == theirs, (index, state)
