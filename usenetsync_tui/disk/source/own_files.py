"""Own files: a version leaves out UsenetSync's own files unless the user includes them.

Knows how to recognise them by path and by identity; refuses to know what is in them. The resolved
path recognises a file that an editor has just replaced; device and inode recognise a hard link, a
bind mount or a file that was just renamed. Synchronous; each upload makes a new one.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from usenetsync_tui.environment import current_folder
from usenetsync_tui.model.value_object import value_object

_MOST = 10_000
"""The most files of a secret folder whose hard links it recognises."""

Identity = tuple[int, int]
"""st_dev and st_ino."""


@value_object
class OwnPath:
    """A file or folder of ours."""

    path: Path
    what: str
    """What it is, as in the job's report: ``UsenetSync's configuration``."""
    is_secret: bool = False
    """Whether to recognise the files in the folder by all their hard links."""
    always: bool = False
    """It stays out even if the user includes own files: a copy of it would be useless."""

    @property
    def reason(self) -> str:
        """Why the walk leaves it out."""
        return self.what if self.always else f"{self.what}; --include-own-files includes it"


class OwnFiles:
    """Our own files and folders that the walk of one folder may find."""

    def __init__(self, root: bytes = b"/", own_paths: Iterable[OwnPath] = ()) -> None:
        """`root`: the folder, absolute and resolved."""
        self._root = root.rstrip(b"/") + b"/"
        self._directories: dict[Identity, OwnPath] = {}
        self._files: dict[Identity, OwnPath] = {}
        self._below: dict[bytes, OwnPath] = {}
        """By paths relative to the root, with a slash at the end."""
        self._names: dict[bytes, dict[bytes, OwnPath]] = {}
        """By names in a directory (relative, with its slash; the root's is empty)."""
        self._around: OwnPath | None = None
        for own_path in own_paths:
            self._add(own_path)
        self.inodes = frozenset(inode for _, inode in self._files)
        """Inodes of our files: a fast first test, which most other files do not pass."""

    def root(self, identity: Identity) -> OwnPath | None:
        """Our folder that the walked folder is, or is inside of; None: not ours."""
        return self._around or self._directories.get(identity)

    def directory(self, path: bytes, identity: Identity) -> OwnPath | None:
        """Our folder that a directory is; None: not ours."""
        return self._directories.get(identity) or self._below.get(path)

    def file(self, identity: Identity) -> OwnPath | None:
        """Our file or folder that a file belongs to; None: not ours."""
        return self._files.get(identity)

    def names(self, directory: bytes) -> dict[bytes, OwnPath]:
        """Names in a directory that are ours, whatever they are now."""
        return self._names.get(directory, {})

    def _add(self, own_path: OwnPath) -> None:
        if not own_path.path.is_absolute() and current_folder() is None:
            return  # the current folder was deleted, so a relative path means nothing
        for path in {own_path.path.absolute(), Path(os.path.realpath(own_path.path))}:
            self._add_path(os.fsencode(path), own_path)
        status = _status(own_path.path)
        if status is not None and stat.S_ISDIR(status.st_mode):
            self._directories.setdefault((status.st_dev, status.st_ino), own_path)
            if own_path.is_secret:
                for file in islice(_files_in(own_path.path), _MOST):
                    self._add_file(file, own_path)
        elif status is not None:
            self._add_file(own_path.path, own_path)

    def _add_file(self, file: Path, own_path: OwnPath) -> None:
        status = _status(file)
        if status is not None and stat.S_ISREG(status.st_mode):
            self._files.setdefault((status.st_dev, status.st_ino), own_path)
            self._add_path(os.fsencode(os.path.realpath(file)), own_path)

    def _add_path(self, path: bytes, own_path: OwnPath) -> None:
        if self._root.startswith(path.rstrip(b"/") + b"/"):
            self._around = self._around or own_path
        elif path.startswith(self._root):
            relative = path[len(self._root) :]
            self._below.setdefault(relative + b"/", own_path)
            above, slash, name = relative.rpartition(b"/")
            self._names.setdefault(above + slash, {}).setdefault(name, own_path)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None  # missing, or not readable: then an upload cannot read it either


def _files_in(folder: Path) -> Iterator[Path]:
    for above, _, names in os.walk(folder):
        yield from (Path(above, name) for name in names)
