"""A catalogue that earlier releases made, as a backup with its key, and the trees that it has.

Make it again, with worktrees of the last commits before the migrations 0006 and 0013::

    git worktree add --detach /tmp/before-6 556d29c
    git worktree add --detach /tmp/before-13 01a671d
    python tests/support/old_catalogue.py /tmp/before-6 /tmp/before-13

The first release made versions 1 and 2 (SHA-256, no index), the second version 3 and the backup.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BACKUP = Path(__file__).parents[1] / "acceptance" / "old_catalogue.backup"
KEY = BACKUP.with_suffix(".key")
"""The key file that opens its index."""
VERSIONS = (1, 2, 3)
_WHEN = 1_577_836_800_123_456_789


def make_tree(root: Path, version: int) -> Path:
    """The folder as it was in a version."""
    (root / "a" / "empty").mkdir(parents=True)
    for number in range(20):  # a pack; a third of it changes
        _write(root / "a" / f"{number:02}", b"%d " % number * 40, version if number % 3 == 0 else 1)
    _write(root / "large", b"large and %d\n" % version * 8_000, version)
    _write(root / "same", b"always the same\n" * 6_000, 1)
    _write(root / f"only in {version}", b"%d" % version, version)
    _write(root / os.fsdecode(b"no \xff text"), b"", 1)
    os.link(root / "same", root / "a" / "same too")
    os.symlink("large", root / "link")
    os.utime(root / "link", ns=(_WHEN, _WHEN), follow_symlinks=False)
    (root / "a" / "03").chmod(0o640 + version)
    for folder in (root / "a" / "empty", root / "a", root):
        os.utime(folder, ns=(_WHEN, _WHEN + version))
    return root


def _write(path: Path, data: bytes, version: int) -> None:
    path.write_bytes(data + b"%d" % version if data else b"")
    path.chmod(0o644)
    os.utime(path, ns=(_WHEN, _WHEN + version))


def _main(before_6: str, before_13: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tree, home = Path(folder, "tree"), Path(folder, "home")
        home.mkdir(mode=0o700)

        def run(program: str, *words: str) -> None:
            environment = {**os.environ, "USENETSYNC_HOME": str(home), "PYTHONPATH": program}
            argv = [sys.executable, "-m", "usenetsync_tui", *words]
            subprocess.run(argv, check=True, cwd=program, env=environment)

        for version in VERSIONS:
            shutil.rmtree(tree, ignore_errors=True)
            make_tree(tree, version)
            run(before_6 if version < 3 else before_13, "upload", str(tree))
        BACKUP.unlink(missing_ok=True)
        run(before_13, "db", "backup", str(BACKUP), "--with-articles")
        run(before_13, "db", "stop")
        shutil.copyfile(home / "config" / "key", KEY)


if __name__ == "__main__":
    _main(*sys.argv[1:])
