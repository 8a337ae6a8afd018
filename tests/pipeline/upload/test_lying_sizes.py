"""Files with a wrong size: all their bytes are kept, or the reason why not is reported."""

from __future__ import annotations

import os
from pathlib import Path

import anyio
import pytest
from file_systems import quirky
from trees import compare_trees, content
from worlds import World

from usenetsync_tui.disk.source import source_tree as source_module
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.entries import Entry, NoticeKind
from usenetsync_tui.model.folders import Compression, Profile
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.metadata.metadata import Metadata
from usenetsync_tui.pipeline.upload import read_large

SEGMENT = 200_000
SIZES = (0, 1, 2, 300, 4_096, 25_000, 49_999, 50_000, 50_001, 100_000, SEGMENT, 2 * SEGMENT + 17)


def fill(root: Path) -> None:
    root.mkdir(parents=True, exist_ok=True)
    (root / "many").mkdir()
    for size in SIZES:
        (root / f"{size:07}").write_bytes(content(size))
    for number in range(30):  # more than a segment of bytes, though their sizes say otherwise
        (root / "many" / f"{number:03}").write_bytes(content(20_000, number))
    (root / "many" / "same").write_bytes(content(300))


@pytest.mark.anyio
@pytest.mark.parametrize("lie", ["no-sizes", "half-sizes", "double-sizes"])
@pytest.mark.parametrize(
    "choices",
    [
        FolderChoices(profile=Profile.PACKED),
        FolderChoices(profile=Profile.PACKED, compression=Compression.LZMA),
        FolderChoices(profile=Profile.PLAIN),
    ],
    ids=["packed", "dense", "plain"],
)
async def test_all_that_comes_is_kept(
    world: World, tmp_path: Path, lie: str, choices: FolderChoices
) -> None:
    below = tmp_path / "below"
    fill(below)
    world.small(chunk_size=SEGMENT).choices = choices
    with quirky(below, tmp_path / "seen", lie) as root:
        world.root = root
        assert await world.completed() == 1
        restored = await world.restore(1)
        assert compare_trees(below, restored) == []
        sizes = world.query("SELECT size FROM files WHERE kind = 0 AND path_key < 'm'")
        assert sorted(s for (s,) in sizes) == sorted(SIZES)  # type: ignore[type-var]
        # Read again, because a wrong size suggests wrong times; the content is the same.
        outcome = await world.upload()
        assert outcome.message == "nothing changed since version 1"
        (below / "0000300").write_bytes(content(300, 5))
        (below / f"{SIZES[-1]:07}").write_bytes(content(SIZES[-1], 5))
        (below / "many" / "007").write_bytes(b"")
        assert await world.completed() == 2
        restored = await world.restore(2)
        assert compare_trees(below, restored) == []


@pytest.mark.anyio
@pytest.mark.parametrize("lie", ["no-sizes", "half-sizes", "double-sizes"])
@pytest.mark.parametrize("profile", [Profile.PACKED, Profile.PLAIN])
async def test_an_endless_file_is_reported(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lie: str, profile: Profile
) -> None:
    monkeypatch.setattr(read_large, "MOST_UNSTATED", 8 << 20)
    below = tmp_path / "below"
    below.mkdir()
    for name, size in (("a", 100), ("endless", 0), ("endless too", 200_000), ("z", 300_000)):
        (below / name).write_bytes(content(size))
    world.choices = FolderChoices(profile=profile)
    with quirky(below, tmp_path / "seen", lie, "endless") as root:
        world.root = root
        with anyio.fail_after(120):
            outcome = await world.upload()
        assert outcome.state is JobState.INCOMPLETE
        told = {n.path: n for n in await world.notices()}
        assert told.keys() == {b"endless", b"endless too"}
        for notice in told.values():
            assert notice.kind is NoticeKind.UNREADABLE
            assert notice.reason.startswith("does not end: the file system states ")
        assert world.run is not None
        p = world.run.progress
        assert (p.done_files, p.done_bytes, p.in_flight) == (p.total_files, p.total_bytes, 0)
        world.check_ledger()
        restored = await world.restore(1)
        assert sorted(os.listdir(restored)) == ["a", "z"]


@pytest.mark.anyio
@pytest.mark.parametrize("place", ["/proc/sys/vm", "/sys/kernel/mm", "/proc/sys/net/core"])
async def test_the_kernel_s_own_files(world: World, place: str) -> None:
    """In /proc sizes are 0, in /sys 4,096; some files cannot be read even by root."""
    if not os.path.isdir(place):
        pytest.skip(f"there is no {place}")
    world.root = Path(place)
    outcome = await world.upload()
    told = [n.path for n in await world.notices()]
    restored = await world.restore(outcome.version)
    seen = 0
    for path in Path(place).rglob("*"):
        name = os.fsencode(path.relative_to(place))
        if not path.is_file() or path.is_symlink():
            continue
        try:
            data = path.read_bytes()
        except OSError:
            assert name in told
            continue
        seen += bool(data)
        kept = (restored / path.relative_to(place)).read_bytes()
        assert kept == data or (kept and b"stat" in name), path
    assert seen > 3
    world.check_ledger()


@pytest.mark.anyio
async def test_a_file_that_makes_its_readers_wait(world: World) -> None:
    """/proc/kmsg gives what there is, then nothing for a long time, and never ends."""
    (world.root / "a").write_bytes(b"a")
    place = world.root / "kmsg"
    place.write_bytes(b"")
    mounting = await anyio.run_process(["mount", "--bind", "/proc/kmsg", place], check=False)
    if mounting.returncode:
        pytest.skip("no mounts here")
    try:
        with anyio.fail_after(60):
            outcome = await world.upload()
    finally:
        await anyio.run_process(["umount", place])
    assert outcome.state is JobState.INCOMPLETE
    assert [n.path for n in await world.notices()] == [b"kmsg"]


@pytest.mark.anyio
async def test_an_empty_file_is_opened_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(50):
        (world.root / f"empty {number}").write_bytes(b"")
    await anyio.sleep(0.1)
    opened: list[bytes] = []
    small = source_module.SourceTree.take_small

    def take_small(
        self: source_module.SourceTree, entry: Entry, **how: bool
    ) -> tuple[bytes, Metadata]:
        opened.append(entry.path)
        return small(self, entry, **how)

    monkeypatch.setattr(source_module.SourceTree, "take_small", take_small)
    for profile in (Profile.PACKED, Profile.PLAIN):
        world.choices = FolderChoices(profile=profile)
        await world.completed()
        await world.upload()
    assert len(opened) == len(set(opened)) == 50
    await world.assert_restores(1, world.root)


@pytest.mark.anyio
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")
async def test_an_empty_file_that_cannot_be_opened_is_reported(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No caller can know whether it is empty."""
    (world.root / "a").write_bytes(b"a")
    (world.root / "closed").write_bytes(b"")
    opened = os.open

    def refusing(path: object, *args: object, **options: object) -> int:
        if path == b"closed":
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(source_module.os, "open", refusing)
    outcome = await world.upload()
    assert outcome.state is JobState.INCOMPLETE
    assert [(n.path, n.reason) for n in await world.notices()] == [(b"closed", "Permission denied")]
    monkeypatch.undo()
    assert await world.completed() == 2
    await world.assert_restores(2, world.root)
