"""Lists of files as a user asks for them: filtered, ordered, selected.

A selection is a predicate, never a list of all its files: marks are ranges of paths.
"""

from __future__ import annotations

from enum import StrEnum

from usenetsync_tui.model.value_object import value_object

_PAST_NAMES = b"\xff" * 256


class FileView(StrEnum):
    """A file's state as the screen shows it."""

    QUEUED = "queued"
    POSTING = "posting"
    DONE = "done"
    FAILED = "failed"


class FileOrder(StrEnum):
    """What a list is sorted by. Neither changes while the user looks at a version."""

    PATH = "path"
    SIZE = "size"


@value_object
class FileFilter:
    """Which files of a version to list; without a condition, all of them."""

    words: tuple[bytes, ...] = ()
    """All of them occur in the path; ASCII letters match in either case."""
    view: FileView | None = None
    min_size: int | None = None
    """Bytes, inclusive; a folder or a link has none and never matches a size."""
    max_size: int | None = None
    globs: tuple[bytes, ...] = ()
    """All of them match: the last name of the path, or all of it if they have a slash. ASCII
    letters match in either case, unless the glob has a capital letter."""

    def __bool__(self) -> bool:
        """Whether it leaves anything out."""
        sized = self.min_size is not None or self.max_size is not None
        return sized or bool(self.words or self.globs or self.view)


@value_object
class FileQuery:
    """The list of files of one version of one folder."""

    folder_id: int
    version: int
    filter: FileFilter = FileFilter()
    order: FileOrder = FileOrder.PATH
    reverse: bool = False
    """By path: Z first; by size: the smallest first (its natural order is largest first)."""
    under: bytes | None = None
    """None: the flat list. Else a directory, with a slash at its end (``b""``: the folder): its
    entries, or with a filter what is below it."""

    @property
    def is_tree(self) -> bool:
        """Whether it lists the entries of one directory, by path."""
        return self.under is not None and not self.filter


@value_object
class FileKey:
    """The position of a row in a list, whatever its order."""

    path: bytes
    size: int = 0
    """Bytes; -1 for a folder or a link, which have none. Not used in path order."""


def all_in(path: bytes) -> tuple[bytes, bytes]:
    """The first and last path of a range: of a directory (with a slash) and all in it, or a file.

    No path is the last one: it sorts after every name that a file system can hold.
    """
    return path, path + _PAST_NAMES if path.endswith(b"/") or not path else path


class FileAction(StrEnum):
    """What can be done to files of the version under construction, or of the newest one."""

    RETRY = "retry"
    """Read failed, held and left-out files again, and post unposted articles again."""
    HOLD = "hold"
    """Skip files not read yet until the user retries them."""
    LEAVE_OUT = "leave out"
    """Leave files not read yet out of this version."""


@value_object
class FileSelection:
    """Files of a version: those in `ranges`, or all that match, except `without`."""

    folder_id: int
    version: int
    filter: FileFilter = FileFilter()
    ranges: tuple[tuple[bytes, bytes], ...] | None = None
    """First and last path of each marked run, inclusive; None: every file that matches."""
    without: tuple[bytes, ...] = ()
    """Paths that the user unmarked after marking all that match."""
