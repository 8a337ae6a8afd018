"""restore: names that the target's file system confuses, and names like our temporary ones."""

from __future__ import annotations

import os
import random
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
import xxhash
from file_systems import quirky
from quirky_fuse import Quirk
from trees import compare_trees, content
from worlds import FaultyStore, World

from usenetsync_tui.model.entries import NoticeKind

LARGE = 60_000
"""Not packed."""


@pytest.fixture
def folding(tmp_path: Path) -> Iterator[Path]:
    """A file system that ignores case; it stores its files in ``kept`` beside it."""
    with quirky(tmp_path / "kept", tmp_path / "folding", Quirk.FOLDS_CASE) as place:
        yield place


@pytest.fixture
def unstable(tmp_path: Path) -> Iterator[Path]:
    """The same, with inode numbers that do not help either."""
    quirks = Quirk.FOLDS_CASE, Quirk.UNSTABLE_INODES
    with quirky(tmp_path / "kept", tmp_path / "unstable", *quirks) as place:
        yield place


@pytest.fixture
def mangling(tmp_path: Path) -> Iterator[Path]:
    """A file system that composes accents, and strips dots and blanks at the end of a name."""
    with quirky(tmp_path / "kept", tmp_path / "mangling", Quirk.MANGLES_NAMES) as place:
        yield place


def tree(root: Path) -> dict[str, bytes]:
    """Files (their content) and symlinks (their target) below a folder."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in files + [n for n in folders if os.path.islink(os.path.join(folder, n))]:
            path = os.path.join(folder, name)
            is_link = os.path.islink(path)
            data = os.fsencode(os.readlink(path)) if is_link else Path(path).read_bytes()
            found[os.path.relpath(path, root)] = data
    return found


def fill(root: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


async def untold(world: World) -> set[str]:
    """The paths of the version that no notice mentions."""
    told = {os.fsdecode(n.path) for n in await world.notices() if n.kind is NoticeKind.UNWRITABLE}
    return set(tree(world.root)) - told


SAME = {
    "small": {"README": b"first", "readme": b"second", "ReadMe": b"third", "other": b"x"},
    "small, the same bytes": {"README": b"same", "readme": b"same"},
    "large": {"A": content(LARGE, 1), "a": content(LARGE, 2)},
    "a large one and a small one": {"A": content(LARGE, 1), "a": b"small", "b": b"", "B": b"x"},
    "empty": {"A": b"", "a": b""},
    "folders": {"Docs/x": b"1", "docs/x": b"2", "docs/only here": b"3", "DOCS/X": b"4"},
    "deep": {"a/B/c": b"1", "A/b/C": content(LARGE, 3), "a/b/D": b"5"},
    "not ASCII": {"ÄÖ": b"1", "äö": b"2", "äÖ": content(LARGE, 2)},
}


MANGLED = {
    "dots and blanks": {"a": b"1", "a.": b"2", "a ": content(LARGE), "a. .": b"1", "b.": b"alone"},
    "accents": {"é": b"1", "e\u0301": b"2", "ñ": b"3", "n\u0303.": content(LARGE), "u\u0308": b"5"},
    "in folders": {"f./x": b"1", "f/x": b"2", "f /y": content(LARGE), "g./only": b"3"},
}


@pytest.mark.anyio
@pytest.mark.parametrize("files", SAME.values(), ids=SAME.keys())
async def test_the_second_of_two_names_is_reported_and_overwrites_nothing(
    world: World, folding: Path, files: dict[str, bytes]
) -> None:
    await tells_the_second(world, folding, files)


def muddle(seed: int) -> dict[str, bytes]:
    """About 60 files, three folders deep, whose names differ in little more than case."""
    rng = random.Random(seed)
    files: dict[str, bytes] = {}
    while len(files) < 60:
        names = [rng.choice(["a", "A", "bc", "Bc", "bC"]) for _ in range(rng.randint(0, 3))]
        path = "/".join([*(f"{n}.d" for n in names), rng.choice(["x", "X", "y", "Yy", "yY", "yy"])])
        size = rng.choice([20, 200, LARGE])
        files[path] = content(size, len(files))
    return files


@pytest.mark.anyio
@pytest.mark.parametrize("seed", range(4))
async def test_many_names_that_mean_the_same(world: World, folding: Path, seed: int) -> None:
    world.small(batch_size=7 + seed)
    await tells_the_second(world, folding, muddle(seed))


@pytest.mark.anyio
@pytest.mark.parametrize("files", SAME.values(), ids=SAME.keys())
async def test_whatever_the_inode_numbers(
    world: World, unstable: Path, files: dict[str, bytes]
) -> None:
    await tells_the_second(world, unstable, files)


@pytest.mark.anyio
@pytest.mark.parametrize("files", MANGLED.values(), ids=MANGLED.keys())
async def test_names_confused_for_any_reason(
    world: World, mangling: Path, files: dict[str, bytes]
) -> None:
    await tells_the_second(world, mangling, files)


async def tells_the_second(world: World, folding: Path, files: dict[str, bytes]) -> None:
    fill(world.root, files)
    await world.completed()
    kept = None
    for turn in range(3):  # resumed or repeated, the restore keeps the same ones
        await world.restore(1, folding)
        there = tree(folding.with_name("kept"))
        assert kept in (None, there), "they take turns"
        kept = there
        expected = await untold(world)
        assert len(expected) < len(files), "no notice was recorded"
        assert {files[name] for name in expected} == set(there.values())
        assert len(expected) == len(there)
        assert world.run is not None
        p = world.run.progress
        assert (p.done_files, p.missed_files) == (len(there), len(files) - len(there))
        assert (p.done_files, p.done_bytes) == (len(there), sum(map(len, there.values())))
        assert p.unchanged == (len(there) if turn else 0)
        assert p.errors


@pytest.mark.anyio
@pytest.mark.parametrize("size", [10, LARGE])
async def test_files_symlinks_and_folders_of_one_name(
    world: World, folding: Path, size: int
) -> None:
    (world.root / "A").write_bytes(content(size))
    (world.root / "a").symlink_to("elsewhere")
    (world.root / "B").symlink_to("elsewhere")
    (world.root / "b").symlink_to("somewhere")
    (world.root / "C").mkdir()
    (world.root / "C" / "in it").write_bytes(content(size))
    (world.root / "c").write_bytes(content(size, 2))
    (world.root / "D").write_bytes(content(size, 3))
    (world.root / "d").mkdir()
    (world.root / "d" / "in it").write_bytes(content(size, 4))
    await world.completed()
    kept = None
    for _ in range(2):
        await world.restore(1, folding)
        there = tree(folding.with_name("kept"))
        assert kept in (None, there)
        kept = there
        lost = set(tree(world.root)) - set(there)
        notices = await world.notices()
        told = {os.fsdecode(n.path).rstrip("/"): n.reason for n in notices}
        assert lost <= set(told)
        assert {k: v for k, v in tree(world.root).items() if k in there} == there, told


@pytest.mark.anyio
async def test_an_old_file_of_another_spelling_is_replaced_as_any_other(
    world: World, folding: Path
) -> None:
    """The folder once had it under the other spelling: on this target that is the same file."""
    fill(world.root, {"README": b"new", "LARGE": content(LARGE), "same": b"same", "Dir/x": b"x"})
    await world.completed()
    fill(folding, {"readme": b"old", "large": b"old", "Same": b"same", "dir/x": b"old"})
    await world.restore(1, folding)
    expected = {"README": b"new", "LARGE": content(LARGE), "same": b"same", "dir/x": b"x"}
    assert tree(folding.with_name("kept")) == expected
    told = {(n.kind, n.path, n.reason) for n in await world.notices()}
    assert told == {(NoticeKind.ATTRIBUTES, b"Dir/", "present under another spelling")}


@pytest.mark.anyio
async def test_the_file_of_another_path_is_not_replaced_even_if_it_is_old(
    world: World, folding: Path
) -> None:
    fill(world.root, {"README": b"one", "readme": b"two"})
    await world.completed()
    fill(folding, {"readme": b"of an earlier version"})
    await world.restore(1, folding)
    assert tree(folding.with_name("kept")) == {"readme": b"two"}
    (notice,) = await world.notices()
    assert notice.path == b"README"
    assert notice.reason == "readme means the same on this file system"


@pytest.mark.anyio
async def test_ordinary_file_systems_tell_them_apart(world: World) -> None:
    for words, files in SAME.items():
        fill(world.root / words, files)
    nfc = "é composed"
    fill(
        world.root, {nfc: b"1", unicodedata.normalize("NFD", nfc): b"2", "dot.": b"3", "dot": b"4"}
    )
    await world.completed()
    restored = await world.restore(1)
    for _ in range(2):
        assert await world.notices() == []
        assert compare_trees(world.root, restored) == []
        await world.restore(1, restored)


# ---- names like our temporary ones


def ours(path: str, number: str = "") -> str:
    """The temporary name of a path."""
    return f".usenetsync-{number}{xxhash.xxh3_64_hexdigest(os.fsencode(path))}.part"


def left_over(root: Path) -> None:
    """A folder after killed restores: for each kind of path its temporary name."""
    fill(root, {"small": b"small", "large": content(LARGE), "in/small": b"s", "in/large": b"l"})
    (root / "link").symlink_to("small")
    for number, name in enumerate(("small", "large", "link", "in/small", "in/large", "gone")):
        place = root / name
        for more in ("", "1-", "2-", "3-"):
            temp = place.with_name(ours(name, more))
            match (number + len(more)) % 3:
                case 0:
                    temp.write_bytes(f"left of {name}".encode())
                case 1:
                    temp.symlink_to("nowhere")
                case _:
                    temp.mkdir()
                    (temp / "in it").write_bytes(content(LARGE, number))
            if not more and number < 3:
                upper = place.with_name(ours(name, "4-").upper())
                upper.write_bytes(b"in capitals")
    (root / ".usenetsync-5-").mkdir()
    (root / ("a" * 2_000)[:200] / ("b" * 200)).mkdir(parents=True)


@pytest.mark.anyio
async def test_a_version_may_hold_our_temporary_names(world: World) -> None:
    left_over(world.root)
    await world.completed()
    restored = await world.restore(1)
    for _ in range(2):
        assert await world.notices() == []
        assert compare_trees(world.root, restored) == []
        await world.restore(1, restored)
    (world.root / "small").write_bytes(b"second version")
    for path in world.root.rglob(".usenetsync-*"):
        if path.is_file():
            path.unlink()
    kept = {p: (restored / p.relative_to(world.root)).exists() for p in world.root.rglob("*.part")}
    await world.completed()
    await world.restore(2, restored)
    assert await world.notices() == []
    assert (restored / "small").read_bytes() == b"second version"
    # Files that the second version does not have are not mistaken for ours either.
    assert kept == {
        p: (restored / p.relative_to(world.root)).exists() for p in world.root.rglob("*.part")
    }
    assert (restored / ours("small")).read_bytes() == b"left of small"


@pytest.mark.anyio
async def test_a_part_of_a_version_beside_such_names(world: World) -> None:
    left_over(world.root)
    await world.completed()
    restored = await world.restore(1)
    for prefix in (b"small", b"large", b"link", b"in/small", b"in/large"):
        path = restored / os.fsdecode(prefix)
        path.unlink()
        path.write_bytes(b"changed since")
        await world.restore(1, restored, prefix)
        assert world.run is not None and world.run.progress.notices == 0
        assert compare_trees(world.root, restored) == []


@pytest.mark.anyio
async def test_killed_and_resumed_it_is_still_that_version(
    world: World, store: FaultyStore
) -> None:
    """The names of the files that a killed restore leaves are in no version."""
    left_over(world.root)
    world.small(chunk_size=10_000)
    await world.completed()
    restored = world.scratch / "restored"
    lost = dict(list(store.articles.items())[::2])
    for name in lost:
        del store.articles[name]
    await world.restore(1, restored)
    assert world.run is not None and world.run.progress.missed_files
    parts = {p.name for p in restored.rglob("*.part")} - {p.name for p in world.root.rglob("*")}
    assert parts, "something is left half-written, under a name that the version does not have"
    store.articles.update(lost)
    await world.restore(1, restored)
    assert world.run.progress.notices == 0
    assert compare_trees(world.root, restored) == []
