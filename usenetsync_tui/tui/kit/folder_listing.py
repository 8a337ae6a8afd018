"""What is in a folder, as far as a user who types a path needs it, and whether a path will do.

Blocking, and a network mount may never answer: call through `aside`. Knows no widget.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from usenetsync_tui.tui.kit.path_words import common_start

MOST_NAMES = 1_000
"""Sub-folders listed at most."""
MOST_ENTRIES = 100_000
"""Entries looked at for them: a folder of millions of files must not stall the screen."""


@dataclass(frozen=True, slots=True)
class FolderListing:
    """The sub-folders of `directory` whose names begin with `prefix`, hidden ones last."""

    directory: bytes
    prefix: bytes = b""
    names: tuple[bytes, ...] = ()
    complete: bool = True
    """False: there may be more than these."""
    problem: str = ""
    """The system's words, when it cannot be read."""

    def answers(self, directory: bytes, prefix: bytes) -> bool:
        """Whether these names, or some of them, are the answer to another question too."""
        if directory != self.directory or self.problem:
            return False
        if self.complete:
            return prefix.startswith(self.prefix)
        return prefix == self.prefix

    def starting_with(self, prefix: bytes) -> tuple[bytes, ...]:
        """Those of the names that begin so."""
        return tuple(name for name in self.names if name.startswith(prefix))

    def continued(self, prefix: bytes) -> bytes:
        """The prefix as far as the names leave no choice, and a slash behind the only one."""
        names = self.starting_with(prefix)
        only = len(names) == 1 and self.complete
        return common_start(names) + (b"/" if only else b"") if names else prefix


def list_folders(directory: bytes, prefix: bytes = b"") -> FolderListing:
    """Read a folder. Links to folders count, what cannot be examined does not."""
    names: list[bytes] = []
    complete = True
    try:
        with os.scandir(directory) as entries:
            for number, entry in enumerate(entries):
                if number >= MOST_ENTRIES or len(names) >= MOST_NAMES:
                    complete = False
                    break
                if entry.name.startswith(prefix) and _is_folder(entry):
                    names.append(entry.name)
    except (OSError, ValueError) as error:
        return FolderListing(directory, prefix, problem=words(error))
    names.sort(key=lambda name: (name.startswith(b"."), name))
    return FolderListing(directory, prefix, tuple(names), complete)


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link that leads nowhere, or nowhere we may look


def words(error: OSError | ValueError) -> str:
    """Why it could not be done; `ValueError` is a NUL in the path."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return "No path holds a NUL byte"


@dataclass(frozen=True, slots=True)
class Judged:
    """A path that was looked at: resolved, or with what is wrong with it."""

    path: bytes = b""
    problem: str = ""


def judge_source(path: bytes) -> Judged:
    """Whether a folder can be kept: it is one, and it can be read. Links are resolved."""
    if not path.startswith(b"/"):
        return Judged(problem="Type the whole path: it begins with / or ~.")
    try:
        found = os.path.realpath(path, strict=True)
        if not os.path.isdir(found):
            return Judged(problem="This is a file, not a folder.")
        with os.scandir(found) as entries:
            next(entries, None)
    except (OSError, ValueError) as error:
        return Judged(problem=f"{words(error)}.")
    return Judged(found)


def judge_target(path: bytes, source: bytes) -> Judged:
    """Whether a version can be restored into a folder: not into the one that it is a backup of.

    A folder that is gone can be restored where it was. The engine checks again, by inode.
    """
    if not path.startswith(b"/"):
        return Judged(problem="Type the whole path: it begins with / or ~.")
    try:
        found, kept = os.path.realpath(path), os.path.realpath(source)
        inside = found == kept or found.startswith(kept.rstrip(b"/") + b"/")
        if inside and os.path.isdir(kept):
            return Judged(problem="This is inside the backed-up folder. Choose another folder.")
        if os.path.lexists(found) and not os.path.isdir(found):
            return Judged(problem="This is a file, not a folder.")
    except (OSError, ValueError) as error:
        return Judged(problem=f"{words(error)}.")
    return Judged(found)


def judge_new_folder(path: bytes) -> Judged:
    """Whether files can be made in a folder that is there, or can be made. Links are resolved."""
    if not path.startswith(b"/"):
        return Judged(problem="Type the whole path: it begins with / or ~.")
    try:
        found = os.path.realpath(path)
        if os.path.lexists(found) and not os.path.isdir(found):
            return Judged(problem="This is a file, not a folder.")
        there = found
        while not os.path.lexists(there):
            there = os.path.dirname(there)
        if not os.path.isdir(there):
            return Judged(problem="There is a file in the way of this folder.")
        if not os.access(there, os.W_OK | os.X_OK):
            return Judged(problem="This folder cannot be written into.")
    except (OSError, ValueError) as error:
        return Judged(problem=f"{words(error)}.")
    return Judged(found)


def judge_new_file(path: bytes) -> Judged:
    """Whether a file can be made there: it is not there yet, its folder is."""
    if not path.startswith(b"/"):
        return Judged(problem="Type the whole path: it begins with / or ~.")
    try:
        found = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        if not os.path.basename(found):
            return Judged(problem="Type the name of a file.")
        if os.path.lexists(found):
            return Judged(problem="This is there already: choose another name.")
        parent = os.path.dirname(found)
        if not os.path.isdir(parent):
            return Judged(problem="There is no such folder to write it into.")
        if not os.access(parent, os.W_OK | os.X_OK):
            return Judged(problem="This folder cannot be written into.")
    except (OSError, ValueError) as error:
        return Judged(problem=f"{words(error)}.")
    return Judged(found)
