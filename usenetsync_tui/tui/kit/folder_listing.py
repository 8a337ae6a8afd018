"""The sub-folders of a folder, to complete a typed path; and checks of a path that a user types.

All functions block, and on a network mount may never return: call them with `call_with_timeout`.
Knows the file system. Refuses to know widgets.
"""

from __future__ import annotations

import os

from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.tui.kit.path_words import common_start

MOST_NAMES = 1_000
"""Sub-folders listed at most."""
MOST_ENTRIES = 100_000
"""Entries read to find them: a folder of millions of files must not stall the screen."""


@value_object
class FolderListing:
    """The sub-folders of `directory` whose names begin with `prefix`, hidden ones last."""

    directory: bytes
    prefix: bytes = b""
    names: tuple[bytes, ...] = ()
    complete: bool = True
    """False: there may be more names than these."""
    problem: str = ""
    """The system's error text when the folder cannot be read."""

    def answers(self, directory: bytes, prefix: bytes) -> bool:
        """Whether these names include all that a listing of `directory` and `prefix` would have."""
        if directory != self.directory or self.problem:
            return False
        if self.complete:
            return prefix.startswith(self.prefix)
        return prefix == self.prefix

    def starting_with(self, prefix: bytes) -> tuple[bytes, ...]:
        """The names that begin with `prefix`."""
        return tuple(name for name in self.names if name.startswith(prefix))

    def continued(self, prefix: bytes) -> bytes:
        """The longest common start of the matching names; a single match ends in a slash."""
        names = self.starting_with(prefix)
        only = len(names) == 1 and self.complete
        return common_start(names) + (b"/" if only else b"") if names else prefix


def list_folders(directory: bytes, prefix: bytes = b"") -> FolderListing:
    """Read a folder. Includes links to folders, leaves out entries that cannot be examined."""
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
        return False  # a broken link, or one into a folder that this user cannot read


def words(error: OSError | ValueError) -> str:
    """The reason of a failed call; Python raises `ValueError` for a NUL byte in the path."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return "A path cannot contain a NUL byte"


@value_object
class PathCheck:
    """The result of a check: the resolved path, or the problem with it."""

    path: bytes = b""
    problem: str = ""


def check_source(path: bytes) -> PathCheck:
    """Check that a path is a folder that can be read, so that it can be backed up.

    Follows links.
    """
    if not path.startswith(b"/"):
        return PathCheck(problem="Type the whole path: it begins with / or ~.")
    try:
        found = os.path.realpath(path, strict=True)
        if not os.path.isdir(found):
            return PathCheck(problem="This is a file, not a folder.")
        with os.scandir(found) as entries:
            next(entries, None)
    except (OSError, ValueError) as error:
        return PathCheck(problem=f"{words(error)}.")
    return PathCheck(found)


def check_target(path: bytes, source: bytes | None) -> PathCheck:
    """Whether a version can be restored into a folder: not into the one that it is a backup of.

    `source`: that one; None: not known. A folder that is gone can be restored where it was. The
    engine checks again, by inode.
    """
    if not path.startswith(b"/"):
        return PathCheck(problem="Type the whole path: it begins with / or ~.")
    try:
        found = os.path.realpath(path)
        if source is not None and _is_inside(found, os.path.realpath(source)):
            return PathCheck(problem="This is inside the backed-up folder. Choose another folder.")
        if os.path.lexists(found) and not os.path.isdir(found):
            return PathCheck(problem="This is a file, not a folder.")
    except (OSError, ValueError) as error:
        return PathCheck(problem=f"{words(error)}.")
    return PathCheck(found)


def _is_inside(path: bytes, folder: bytes) -> bool:
    """Whether a path is that of an existing folder, or in it."""
    inside = path == folder or path.startswith(folder.rstrip(b"/") + b"/")
    return inside and os.path.isdir(folder)


def check_new_folder(path: bytes) -> PathCheck:
    """Check that files can be created in a folder, which exists or can be created.

    Follows links.
    """
    if not path.startswith(b"/"):
        return PathCheck(problem="Type the whole path: it begins with / or ~.")
    try:
        found = os.path.realpath(path)
        if os.path.lexists(found) and not os.path.isdir(found):
            return PathCheck(problem="This is a file, not a folder.")
        there = found
        while not os.path.lexists(there):
            there = os.path.dirname(there)
        if not os.path.isdir(there):
            return PathCheck(problem="There is a file in the way of this folder.")
        if not os.access(there, os.W_OK | os.X_OK):
            return PathCheck(problem="You cannot write to this folder.")
    except (OSError, ValueError) as error:
        return PathCheck(problem=f"{words(error)}.")
    return PathCheck(found)


def check_new_file(path: bytes) -> PathCheck:
    """Check that a file can be created: it does not exist, and its folder does."""
    if not path.startswith(b"/"):
        return PathCheck(problem="Type the whole path: it begins with / or ~.")
    try:
        found = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        if not os.path.basename(found):
            return PathCheck(problem="Type the name of a file.")
        if os.path.lexists(found):
            return PathCheck(problem="This already exists. Choose another name.")
        parent = os.path.dirname(found)
        if not os.path.isdir(parent):
            return PathCheck(problem="The folder for this file does not exist.")
        if not os.access(parent, os.W_OK | os.X_OK):
            return PathCheck(problem="You cannot write to this folder.")
    except (OSError, ValueError) as error:
        return PathCheck(problem=f"{words(error)}.")
    return PathCheck(found)
