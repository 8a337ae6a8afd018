"""Very deep trees in a restore's target: few steps for each directory, and none outside."""

from __future__ import annotations

import os
import random
import shutil
import stat
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from trees import as_nobody
from worlds import World

from usenetsync_tui.catalogue.tables.files import path_key
from usenetsync_tui.disk import beneath
from usenetsync_tui.disk.restored import directories
from usenetsync_tui.disk.restored.attributes import Attributes
from usenetsync_tui.disk.restored.target_tree import TargetTree
from usenetsync_tui.errors import TargetFileError

NAME = b"n" * 19 + b"/"
STEM = NAME * 95  # longer than a key's head: 1,900 bytes
CHAIN = [NAME * level for level in range(1, 900)]
SHAPES = {
    "chain": CHAIN,
    "comb": CHAIN[:450] + [path + b"side/" for path in CHAIN[:450]],
    "branches": [STEM + b"%d/" % n + NAME * level for n in range(9) for level in range(100)],
    "siblings": [STEM + b"%d/" % n for n in range(900)],
}
WANTED = Attributes(0o755, 0)


@pytest.fixture
def world(world: World) -> Iterator[World]:
    yield world
    subprocess.run(["rm", "-rf", world.root, world.scratch / "place"], check=True)


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Deleted afterwards, because pytest cannot delete trees as deep as these."""
    yield tmp_path / "target"
    subprocess.run(["rm", "-rf", tmp_path / "target"], check=True)


@pytest.fixture
def opens(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts opens by name; few descriptors stay open, as if the tree were far deeper."""
    counts: Counter[str] = Counter()

    def count(module: object, name: str) -> None:
        real = getattr(module, name)

        def counted(*args: object, **kwargs: object) -> int:
            counts[name] += 1
            return real(*args, **kwargs)  # type: ignore[no-any-return]

        monkeypatch.setattr(module, name, counted)

    count(os, "open")
    count(beneath, "open_resolved")
    monkeypatch.setattr(directories, "MILESTONES", 2)
    monkeypatch.setattr(directories.TargetDirectories.__init__, "__defaults__", (4,))
    return counts


@pytest.mark.parametrize("shape", SHAPES)
def test_steps_are_linear_in_the_directories(root: Path, opens: Counter[str], shape: str) -> None:
    paths = SHAPES[shape]
    in_some_order = random.Random(7).sample(paths, len(paths))
    for again in range(2):
        opens.clear()
        with TargetTree(os.fsencode(root)) as tree:
            tree.prepare()
            for path in in_some_order:
                assert tree.make_directory(path) == ()
            for path in sorted(paths, key=path_key, reverse=True):
                tree.finish_directory(path, WANTED)
        assert opens.total() < 16 * len(paths), (again, opens)


@pytest.mark.parametrize("planted", ["symlink", "nothing"])
def test_a_known_way_that_is_changed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: str
) -> None:
    """Another user who may write into the target swaps a folder far above one that we made."""
    monkeypatch.setattr(directories, "MILESTONES", 0)
    monkeypatch.setattr(directories.TargetDirectories.__init__, "__defaults__", (1,))
    top, aside = root / os.fsdecode(NAME), tmp_path / "aside"
    deep = STEM + NAME * 200
    with TargetTree(os.fsencode(root)) as tree:
        tree.prepare()
        tree.make_directory(deep)
        tree.make_directory(b"another/")  # so that no cached descriptor of the other stays open
        top.rename(aside)
        if planted == "symlink":
            top.symlink_to(aside)
            with pytest.raises(TargetFileError) as caught:
                tree.write_small(deep + b"file", b"x", WANTED)
            assert caught.value.reason == "a symlink is in the way"
            assert _size(aside, deep[len(NAME) :] + b"file") is None
        else:
            tree.write_small(deep + b"file", b"x", WANTED)
            assert _size(root, deep + b"file") == 1
    shutil.rmtree(aside)


def _size(root: Path, path: bytes) -> int | None:
    """Bytes of a file with a long path; None if it is missing."""
    at = os.open(root, os.O_RDONLY)
    place, name = beneath.open_parent(at, path)
    try:
        return os.stat(name, dir_fd=place).st_size
    except FileNotFoundError:
        return None
    finally:
        os.close(place)
        os.close(at)


@pytest.mark.anyio
async def test_closed_directories_of_a_deep_tree_get_their_modes(world: World) -> None:
    """As an ordinary user, for whom a closed folder also closes everything below it."""
    modes = [0o000, 0o500, 0o300, 0o755, 0o600, 0o100]
    names = [b"%03d-" % level + NAME[:-1] for level in range(150)]
    at = os.open(world.root, os.O_RDONLY)
    fds = [at]
    for name in names:
        os.mkdir(name, 0o700, dir_fd=fds[-1])
        fds.append(os.open(name, os.O_RDONLY, dir_fd=fds[-1]))
    for level, fd in enumerate(fds[1:]):
        os.fchmod(fd, modes[level % len(modes)])
    for fd in fds:
        os.close(fd)
    await world.completed()
    await world.connect()
    place = world.scratch / "place"
    place.mkdir()
    for folder in (*place.resolve().parents, place):
        if folder.stat().st_mode & 0o005 != 0o005:
            folder.chmod(0o755)
    place.chmod(0o777)
    with as_nobody():
        await world.restore(1, place / "target", owns=False)
    assert _modes(place / "target", names) == [
        modes[level % len(modes)] for level in range(len(names))
    ]


def _modes(root: Path, names: list[bytes]) -> list[int]:
    found, at = [], os.open(root, os.O_RDONLY)
    for name in names:
        found.append(stat.S_IMODE(os.stat(name, dir_fd=at).st_mode))
        below = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)
    return found
