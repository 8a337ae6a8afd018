"""Processes that read packs: they read what a thread reads, and end with the upload."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from helper_processes import await_ends, helpers_of
from trees import content
from worlds import World, until

from usenetsync_tui.catalogue.tables.files import Before, PendingFile
from usenetsync_tui.codec.digests import digest_of
from usenetsync_tui.disk.source.scan import walk
from usenetsync_tui.disk.source.source_tree import SourceTree
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.folders import Compression
from usenetsync_tui.pipeline.run.segments import PreparedSegment
from usenetsync_tui.pipeline.upload.pack_readers import readers as readers_module
from usenetsync_tui.pipeline.upload.pack_readers.messages import answer, answered
from usenetsync_tui.pipeline.upload.pack_readers.readers import PackReaders, pack_readers
from usenetsync_tui.pipeline.upload.read_pack import (
    Packing,
    PackRead,
    UnreadFiles,
    read_prepared,
)

pytestmark = pytest.mark.anyio

PROCESSES = 2
SAME = content(700, 1)
WAITS = """
import anyio, os, sys, test_pack_readers as t
async def main():
    entry = next(e for b in t.walk(os.fsencode(sys.argv[1])) for e in b.entries if e.path)
    unread = t.UnreadFiles([t.PendingFile(entry, None, entry.path)], 1)
    packing = t.Packing(5_000, t.DigestAlgorithm.BLAKE3, None)
    async with t.started(sys.argv[1], packing, unread):
        print(*t.helpers_of(os.getpid(), "pack_readers"), flush=True)
        await anyio.sleep_forever()
t.readers_module.MANY = 0
anyio.run(main)
"""


@pytest.fixture
def unread(tmp_path: Path) -> UnreadFiles:
    """Files of every kind that a reader tells apart."""
    for name, size in (("a", 900), ("b", 0), ("c gone", 10), ("d grown", 500), ("e", 2_000)):
        (tmp_path / name).write_bytes(content(size, size))
    (tmp_path / "f same").write_bytes(SAME)
    (tmp_path / "g linked").write_bytes(b"one of two")
    os.link(tmp_path / "g linked", tmp_path / "g too")
    os.setxattr(tmp_path / "a", "user.colour", b"red")
    with open(tmp_path / "h sparse", "wb") as sparse:
        sparse.truncate(40_000)
    (tmp_path / "i last").write_bytes(content(3_000, 9))  # has no room
    entries = [e for b in walk(os.fsencode(tmp_path)) for e in b.entries]
    (tmp_path / "c gone").unlink()
    (tmp_path / "d grown").write_bytes(content(600, 2))
    files = [
        PendingFile(entry, None, entry.path, has_past=False, has_row=entry.size > 600)
        for entry in entries
        if entry.kind == FileKind.REGULAR
    ]
    before = Before(7, 100, digest_of(DigestAlgorithm.BLAKE3, SAME), 1, -1, 768_000)
    files = [f._replace(before=before) if b"same" in f.key else f for f in files]
    return UnreadFiles(files, 1)


def told(found: PackRead) -> tuple[object, ...]:
    """All that a reader uses of it, in a form that can be compared."""
    errors = [(file, error.kind, error.reason) for file, error in found.errors]
    lists = found.placed, found.empty, found.kept, found.large, found.lacks
    return found.object_id, found.rest, found.surplus, errors, *lists


@asynccontextmanager
async def started(root: Path, packing: Packing, unread: UnreadFiles) -> AsyncIterator[PackReaders]:
    """Readers whose processes are ready."""
    with SourceTree(os.fsencode(root)) as source:
        async with pack_readers(source, packing, PROCESSES) as readers:
            await readers.read(unread, 1)
            await until(lambda: len(readers._idle) == PROCESSES)
            yield readers


@pytest.mark.parametrize("wanted", [Compression.LZ4, Compression.NONE, None])
async def test_a_process_reads_what_a_thread_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unread: UnreadFiles, wanted: Compression | None
) -> None:
    monkeypatch.setattr(readers_module, "MANY", 0)
    packing = Packing(5_000, DigestAlgorithm.BLAKE3, wanted)
    with SourceTree(os.fsencode(tmp_path)) as source:
        expected, segment = read_prepared(source, unread, 4, packing)
    assert expected.rest is not None
    assert all([expected.placed, expected.empty, expected.kept, expected.large, expected.errors])
    async with started(tmp_path, packing, unread) as readers:
        with monkeypatch.context() as only:
            only.setattr(readers_module, "read_prepared", None)
            found = await readers.read(unread, 4)
            assert (told(found[0]), found[1]) == (told(expected), segment)
            rest, _ = await readers.read(expected.rest, 5)
        assert [p.key for p in rest.placed] == [b"i last"]
        for process in helpers_of(os.getpid(), "pack_readers"):
            os.kill(process, signal.SIGKILL)
        for _ in range(PROCESSES + 1):  # those that died, and then none
            found = await readers.read(unread, 4)
            assert (told(found[0]), found[1]) == (told(expected), segment)


@pytest.mark.parametrize("wanted", [Compression.LZ4, Compression.NONE])
def test_a_pack_is_held_once(tmp_path: Path, wanted: Compression) -> None:
    (tmp_path / "a").write_bytes(text := b"many times the same " * 100)
    entry = next(e for b in walk(os.fsencode(tmp_path)) for e in b.entries if e.path)
    unread = UnreadFiles([PendingFile(entry, None, entry.path)], 1)
    packing = Packing(5_000, DigestAlgorithm.BLAKE3, wanted)
    with SourceTree(os.fsencode(tmp_path)) as source:
        message = answer(unread, *read_prepared(source, unread, 4, packing), source.inodes)
        _, segment = answered(message, unread, 4, packing, source.inodes)
    _, bodies = message
    assert isinstance(segment, PreparedSegment) and bytes(segment.data) == text
    assert bodies == [segment.payload]
    assert (len(bodies[0]) < len(text) / 5) is (wanted is Compression.LZ4)


async def test_an_upload_by_processes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers_module, "MANY", 0)
    read, asked, packs = PackReaders.read, PackReaders._asked, list[PackRead]()

    async def later(self: PackReaders, *args: Any) -> Any:
        if not packs:
            await read(self, *args)
            await until(lambda: bool(packs or self._idle))
        return await read(self, *args)

    def spied(self: PackReaders, *args: Any) -> Any:
        found = asked(self, *args)
        packs.append(found[0])
        return found

    monkeypatch.setattr(PackReaders, "read", later)
    monkeypatch.setattr(PackReaders, "_asked", spied)
    world.small(chunk_size=20_000)
    for number in range(100):
        (world.root / f"file {number:03}").write_bytes(content(1_000, number))
    await world.completed()
    assert packs, "only threads read"
    await world.assert_restores(1, world.root)


def test_the_processes_end_with_a_killed_upload(tmp_path: Path) -> None:
    (tmp_path / "a file").write_bytes(SAME)
    command = [sys.executable, "-c", WAITS, str(tmp_path)]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env) as program:
        assert program.stdout is not None
        processes = [int(word) for word in program.stdout.readline().split()]
        program.kill()
    assert len(processes) == PROCESSES
    await_ends(processes)
