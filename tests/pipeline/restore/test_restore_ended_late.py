"""A restore that dies while it makes further names or sets what directories have; then another one.

From its death on, no call of the dying program changes the disk, as after `kill -9`.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from metadata_trees import linked
from rows import Rows
from trees import compare_trees, content
from worlds import make_world

from usenetsync_tui.disk.restored import publish
from usenetsync_tui.disk.restored.target_tree import TargetTree
from usenetsync_tui.postgres.pool import Pool

pytestmark = pytest.mark.anyio

_CHANGING = (
    *("chmod", "chown", "utime", "setxattr", "removexattr", "link", "unlink", "rename", "rmdir"),
)
_WHEN = 1_577_836_800_123_456_789


class _DeadError(Exception):
    """What the program does after its death."""


class _Dying:
    """Counts the calls that change the disk at the end of a restore; all fail from one on."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.lives, self.calls = 1 << 30, 0
        self._late = threading.local()
        for name in _CHANGING:
            patch.setattr(os, name, self._mortal(getattr(os, name)))
        patch.setattr(publish, "rename_new", self._mortal(publish.rename_new))
        for name in ("link", "finish_directory"):
            patch.setattr(TargetTree, name, self._marked(getattr(TargetTree, name)))

    def _mortal(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*arguments: Any, **options: Any) -> Any:
            if getattr(self._late, "is_on", False):
                self.calls += 1
                if self.calls > self.lives:
                    raise _DeadError
            return call(*arguments, **options)

        return instead

    def _marked(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*arguments: Any) -> Any:
            self._late.is_on = True
            try:
                return method(*arguments)
            finally:
                self._late.is_on = False

        return instead


def _tree(root: Path) -> None:
    for folder in ("a", "a/closed", "b", "b/c"):
        (root / folder).mkdir()
        (root / folder / "file").write_bytes(content(100, len(folder)))
    for number in range(4):
        os.link(root / "a" / "file", root / "b" / f"link {number}")
        os.link(root / "b" / "file", root / "a" / "closed" / f"link {number}")
    for folder, mode in (("a/closed", 0o500), ("a", 0o2755), ("b/c", 0o711), ("b", 0o555)):
        try:
            os.setxattr(root / folder, "user.of", folder.encode())
        except OSError:
            pass  # the rest is tested all the same
        os.chmod(root / folder, mode)
        os.utime(root / folder, ns=(_WHEN, _WHEN))


def _attributes(root: Path) -> dict[str, list[str]]:
    return {str(p.relative_to(root)): os.listxattr(p) for p in root.rglob("*") if p.is_dir()}


async def test_the_next_restore_ends_with_the_same_tree(
    pool: Pool, rows: Rows, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    rng, rounds = random.Random(6), request.config.getoption("--kill-rounds") or 5
    world = make_world(pool, rows, tmp_path)
    _tree(world.root)
    version = await world.completed()
    with pytest.MonkeyPatch.context() as patch:
        dying = _Dying(patch)
        whole = await world.restore(version)
        last = dying.calls
        assert last > 20
        for at in [0, *rng.sample(range(1, last), min(rounds, last - 1))]:
            dying.calls, dying.lives, target = 0, at, tmp_path / f"killed at {at}"
            with pytest.RaisesGroup(_DeadError, flatten_subgroups=True, allow_unwrapped=True):
                await world.restore(version, target)
            dying.lives = 1 << 30
            await world.restore(version, target)
            assert await world.notices() == []
            assert compare_trees(world.root, target) == [], at
            assert linked(target) == linked(world.root), at
            assert _attributes(target) == _attributes(whole) == _attributes(world.root), at
