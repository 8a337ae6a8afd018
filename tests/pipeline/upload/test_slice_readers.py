"""Processes that read slices: they make what threads make, and end with the upload."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from helper_processes import await_ends, helpers_of
from trees import content
from worlds import FaultyStore, World, until

from usenetsync_tui.codec.compression import compress
from usenetsync_tui.codec.digests import digest_of
from usenetsync_tui.codec.sealing import open_sealed, seal, sealed_size
from usenetsync_tui.codec.yenc import decoded
from usenetsync_tui.disk.source.scan import walk
from usenetsync_tui.disk.source.source_tree import SourceTree
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.folders import Compression, Profile, StoreKind
from usenetsync_tui.model.segments import Article
from usenetsync_tui.pipeline.upload.slice_readers import readers as readers_module
from usenetsync_tui.pipeline.upload.slice_readers.messages import Making
from usenetsync_tui.pipeline.upload.slice_readers.read_slice import Place
from usenetsync_tui.pipeline.upload.slice_readers.readers import SliceReaders
from usenetsync_tui.pipeline.upload.slice_readers.slots import slot_size
from usenetsync_tui.pipeline.upload.upload import upload
from usenetsync_tui.store.memory import MemoryStore

pytestmark = pytest.mark.anyio

CHUNK = 20_000
KEY = bytes(range(32))
BLAKE3, SHA256 = DigestAlgorithm.BLAKE3, DigestAlgorithm.SHA256
MAKINGS = {
    "plain": Making(BLAKE3, Compression.NONE, None, 0, slot_size(CHUNK)),
    "packed": Making(SHA256, Compression.LZ4, None, 0, slot_size(CHUNK)),
    "sealed": Making(SHA256, Compression.LZ4, KEY, 0, slot_size(CHUNK)),
    "padded": Making(BLAKE3, Compression.LZ4, KEY, CHUNK, slot_size(CHUNK)),
}
SLOTS = 8
WAITS = """
import anyio, os, test_slice_readers as t
async def main():
    async with t.started(t.MAKINGS["sealed"]):
        print(*t.helpers_of(os.getpid(), "slice_readers"), flush=True)
        await anyio.sleep_forever()
anyio.run(main)
"""


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every upload has processes, and waits for them."""
    monkeypatch.setattr(readers_module, "MANY", 0)
    monkeypatch.setattr(readers_module, "_PATIENCE", 60.0)


@asynccontextmanager
async def started(making: Making) -> AsyncIterator[SliceReaders]:
    """Readers whose process is ready."""
    async with anyio.create_task_group() as group:
        readers = SliceReaders(making, SLOTS, 1, group, MemoryStore().expect)
        try:
            await readers.expect(readers_module.MANY)
            await until(lambda: readers.is_ready)
            yield readers
        finally:
            readers.close()


def in_slices(size: int) -> list[Place]:
    return [(at, min(CHUNK, size - at)) for at in range(0, size, CHUNK)]


@pytest.mark.parametrize("name", MAKINGS)
async def test_a_process_makes_what_a_thread_makes(tmp_path: Path, name: str) -> None:
    making = MAKINGS[name]
    (tmp_path / "odd").write_bytes(b"the same line\n" * 2_000 + content(3 * CHUNK + 1 - 28_000, 7))
    _write_with_holes(tmp_path / "with holes")
    entries = [e for b in walk(os.fsencode(tmp_path)) for e in b.entries if e.path]
    async with started(making) as readers:
        with SourceTree(os.fsencode(tmp_path)) as source:
            for entry in entries * 3:  # more than there are slots
                with source.open(entry, holes=making.compression is not Compression.NONE) as file:
                    places = in_slices(file.size)[-SLOTS:]
                    expected = [file.read(*place) for place in places]
                    _check(readers.read(file, places), expected, making)
        assert readers._slots is not None
        assert sorted(readers._slots._free.slots) == list(range(SLOTS))


def _check(found: Sequence[Any], expected: list[bytes], making: Making) -> None:
    """Everything that is known of some slices is what a thread makes of their bytes."""
    nonces = set()
    for read, data in zip(found, expected, strict=True):
        codec, payload = compress(data, making.compression)
        encoded, leaving = read.payload.encoded, payload
        if making.key is not None:
            size = sealed_size(len(payload), making.padded_to) if making.padded_to else 0
            leaving = seal(making.key, encoded.nonce, codec, payload, size=size)
            assert open_sealed(making.key, leaving) == (codec, payload)
        assert decoded(encoded) == leaving
        assert (read.digest, read.codec) == (digest_of(making.algorithm, data), codec)
        assert (bytes(read.payload), len(read.payload)) == (payload, len(payload))
        assert (bytes(read.data), len(read.data)) == (data, len(data))
        nonces.add(encoded.nonce)
    assert len(nonces) == (len(found) if making.key is not None else 1)


def test_the_key_is_in_no_message_for_people() -> None:
    assert repr(KEY) not in repr(MAKINGS["sealed"])


async def test_what_a_process_cannot_make_is_left_to_the_caller(tmp_path: Path) -> None:
    (tmp_path / "critical").write_bytes(bytes([0xD6]) * CHUNK + content(CHUNK, 3))
    (entry,) = (e for b in walk(os.fsencode(tmp_path)) for e in b.entries if e.path)
    making = MAKINGS["plain"]
    async with started(making) as readers:
        with SourceTree(os.fsencode(tmp_path)) as source, source.open(entry) as file:
            places = [*in_slices(2 * CHUNK), (2 * CHUNK - 5, CHUNK)]
            doubled, made, short = readers.read(file, places)  # in yEnc twice as long; too short
            assert doubled is None
            assert short is None
            assert made is not None
            assert bytes(made.data) == content(CHUNK, 3)
            assert readers.read(file, [places[1]] * SLOTS) == [None] * SLOTS  # one is in use
            del made
            found = readers.read(file, [places[1]] * SLOTS)
            assert None not in found
            del found
            (process,) = helpers_of(os.getpid(), "slice_readers")
            os.kill(process, signal.SIGKILL)
            for _ in range(2):  # the slots of the question that nobody answers stay taken
                assert readers.read(file, [places[1]]) == [None]
            assert not readers.is_ready
            assert readers._slots is not None
            assert len(readers._slots._free.slots) == SLOTS - 1


@pytest.mark.parametrize("digest", list(DigestAlgorithm))
@pytest.mark.parametrize("profile", [Profile.PLAIN, Profile.SEALED])
async def test_an_upload_whose_process_dies_in_the_middle(
    world: World,
    store: FaultyStore,
    monkeypatch: pytest.MonkeyPatch,
    profile: Profile,
    digest: DigestAlgorithm,
) -> None:
    world.digest = digest
    world.choices = replace(world.choices, store=StoreKind.USENET, profile=profile)
    _write_tree(world.small(chunk_size=CHUNK).root)
    asked, encoded = list[bool](), list[bool]()
    read = SliceReaders.read

    def dying(self: SliceReaders, *args: Any) -> Any:
        asked.append(self.is_ready)
        if len(asked) == 4:
            for process in helpers_of(os.getpid(), "slice_readers"):
                os.kill(process, signal.SIGKILL)
        return read(self, *args)

    def check(article: Article) -> None:
        encoded.append(article.encoded is not None)
        assert article.encoded is None or decoded(article.encoded) == article.payload

    monkeypatch.setattr(SliceReaders, "read", dying)
    store.before = check
    await world.completed()
    assert asked[0]
    assert not asked[-1]
    assert any(encoded)
    assert not all(encoded)
    await world.assert_restores(1, world.root)


@pytest.mark.parametrize("profile", [Profile.PLAIN, Profile.SEALED])
async def test_an_interrupted_upload_goes_on(
    world: World, store: FaultyStore, profile: Profile
) -> None:
    world.choices = replace(world.choices, store=StoreKind.USENET, profile=profile)
    _write_tree(world.small(chunk_size=CHUNK, max_workers=2).root)
    run = await world.new_run()

    def drain(_: Article) -> None:
        if len(store.posts) == 10:
            run.drain()

    store.after = drain
    await upload(run, frozenset())
    with anyio.CancelScope() as scope:

        def cut(_: Article) -> None:
            if len(store.posts) > 30:
                scope.cancel()

        store.after = cut
        await upload(await world.new_run(), frozenset())
    assert scope.cancelled_caught
    store.after = None
    assert not helpers_of(os.getpid(), "slice_readers")
    (world.root / "0").write_bytes(content(5 * CHUNK + 3, 77))  # planned otherwise
    await world.completed()
    assert world.query("SELECT count(DISTINCT message_id) FROM segments WHERE status <> 6") == [
        (len(set(store.posts)),)
    ]
    await world.assert_restores(1, world.root)


def _write_tree(root: Path) -> None:
    """Files of all ends: a byte more than slices, whole slices, and one that is compressed."""
    for number in range(6):
        (root / str(number)).write_bytes(content((5 + number) * CHUNK + number, number))
    (root / "text").write_bytes(b"a line of text\n" * 9_000)
    _write_with_holes(root / "with holes")


def _write_with_holes(path: Path) -> None:
    with path.open("wb") as sparse:
        sparse.write(content(5_000, 1))
        sparse.seek(1 << 20)
        sparse.write(content(CHUNK, 2))
        sparse.truncate(2 << 20)


def test_the_process_ends_with_a_killed_upload() -> None:
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", WAITS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env) as program:
        assert program.stdout is not None
        processes = [int(word) for word in program.stdout.readline().split()]
        program.kill()
    assert len(processes) == 1
    await_ends(processes)
