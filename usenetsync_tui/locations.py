"""Where UsenetSync stores its own files on this machine.

Knows three folders and the style sheets; refuses to know what is in them.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from platformdirs import PlatformDirs

from usenetsync_tui.environment import absolute_path, expanded, home_folder
from usenetsync_tui.errors import SettingsError, UsageError
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.ownership import Owner, give_to_owner_of_parent, other_owner

_XDG = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
_PACKAGE = Path(__file__).resolve().parent
_PRIVATE = 0o700
_PASSABLE = 0o711
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@value_object
class Locations:
    """The folders of one user (or of one ``USENETSYNC_HOME``)."""

    config_dir: Path
    """``config.toml`` and the files it names."""

    data_dir: Path
    """The embedded database and its locks."""

    log_dir: Path
    """Logs of the program and of the embedded database."""

    @classmethod
    def find(cls, env: Mapping[str, str]) -> Locations:
        """The folders that ``env`` selects: ``USENETSYNC_HOME=DIR``, else the XDG folders.

        Creates nothing. Raises `SettingsError` for an empty variable (a script that forgot to set
        it would use another catalogue), a missing home and a path that is not absolute.
        """
        if (home := env.get("USENETSYNC_HOME")) is not None:
            root = _root(home)
            return cls(config_dir=root / "config", data_dir=root / "data", log_dir=root / "log")
        _refuse_no_place()
        dirs = PlatformDirs("usenetsync", appauthor=False)
        return cls(
            config_dir=dirs.user_config_path,
            data_dir=dirs.user_data_path,
            log_dir=dirs.user_log_path,
        )

    @property
    def other_owner(self) -> Owner | None:
        """The other user who gets all files that we create here, and the database (`ownership`)."""
        return other_owner(self.data_dir)

    def create(self) -> None:
        """Create the folders that are missing, closed to other users.

        All get mode 0700, except root's data folder and new folders above it, which get 0711: the
        database, which must not run as root, is in the data folder (in a 0700 folder of its own).
        Folders that root creates in another user's home belong to that user. An existing folder
        keeps its mode. Raises ``SettingsError`` when a folder cannot be created.
        """
        as_root = hasattr(os, "geteuid") and os.geteuid() == 0
        passable = _PASSABLE if as_root and self.other_owner is None else _PRIVATE
        _create(self.config_dir, _PRIVATE, passable)
        _create(self.data_dir, passable, passable)
        _create(self.log_dir, _PRIVATE, passable)

    def tighten(self) -> list[str]:
        """Remove other users' right to write, which an earlier program or a umask of 000 has left.

        Changes only folders of this user: the three, and the one around them if nothing else is
        in it. Returns sentences about the folders that it closed and those that the user must.
        """
        done = [f"Other users could write to {f}. They no longer can." for f in self._close()]
        home = self._home
        if home is not None and _is_open(home):
            done.append(
                f"Other users can write to {home} and replace what is in it. Run: chmod go-w {home}"
            )
        return done

    @property
    def _home(self) -> Path | None:
        """The folder that holds the three, if one does."""
        parents = {self.config_dir.parent, self.data_dir.parent, self.log_dir.parent}
        return parents.pop() if len(parents) == 1 else None

    def _close(self) -> Iterator[Path]:
        ours = [self.config_dir, self.data_dir, self.log_dir]
        home = self._home
        if home is not None and _is_open(home):
            if {f.name for f in home.iterdir()} <= {f.name for f in ours}:
                ours.append(home)
        for folder in filter(_is_open, ours):
            with suppress(OSError):  # a file system without modes
                folder.chmod(stat.S_IMODE(folder.stat().st_mode) & ~_OTHERS_WRITE)
                yield folder


def _root(home: str) -> Path:
    if not home:
        raise SettingsError("USENETSYNC_HOME is set but empty. Set it to a folder, or unset it.")
    try:
        path = absolute_path(os.fsencode(expanded(home, os.environ)))
    except UsageError as error:
        raise SettingsError(f"USENETSYNC_HOME: {error.args[0]}") from None
    return Path(os.fsdecode(path))


def _refuse_no_place() -> None:
    """`SettingsError` when HOME or an XDG variable names no folder.

    The XDG specification says to ignore a relative one, but then we would use another catalogue.
    """
    values = {name: os.environ.get(name, "").strip() for name in _XDG}
    for name, value in values.items():
        if value and not os.path.isabs(expanded(value, os.environ)):
            raise SettingsError(f"{name} is {safe_name(value)}, not an absolute path.")
    if not all(values.values()):
        home_folder(os.environ)


def make_private(folder: Path) -> None:
    """Create a folder of ours, with mode 0700, and the missing folders above it.

    Raises ``OSError``.
    """
    as_root = os.geteuid() == 0 and other_owner(folder) is None
    make_folder(folder.parent, _PASSABLE if as_root else _PRIVATE)
    make_folder(folder, _PRIVATE)


def styles_folder() -> Path:
    """The folder of the ``.tcss`` files: inside the package in a wheel, else in the repository."""
    packaged = _PACKAGE / "styles"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "styles"


def make_folder(folder: Path, mode: int) -> None:
    """Create a folder and the missing folders above it, with exactly this mode.

    Does nothing if it exists. Raises ``OSError``.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent, mode)
    # It gets its name when it has its mode and its owner. Where root's database is depends on both,
    # so another process that saw the folder sooner would begin a second database.
    draft = Path(tempfile.mkdtemp(prefix=".usenetsync-", dir=folder.parent))
    try:
        if mode != _PRIVATE:
            draft.chmod(mode)
        give_to_owner_of_parent(draft)
        draft.rename(folder)
    except OSError as error:
        draft.rmdir()
        if folder.is_dir():
            return  # Another process was faster.
        if os.path.lexists(folder):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder)) from error
        raise


def _is_open(folder: Path) -> bool:
    """Whether it is a folder of this user that others can write to."""
    try:
        found = folder.stat()
    except OSError:
        return False
    sticky = bool(found.st_mode & stat.S_ISVTX)
    return found.st_uid == os.geteuid() and bool(found.st_mode & _OTHERS_WRITE) and not sticky


def _create(folder: Path, mode: int, above: int) -> None:
    try:
        make_folder(folder.parent, above)
        make_folder(folder, mode)
    except OSError as error:
        raise SettingsError(f"{folder} cannot be created: {error.strerror}.") from error
