"""Whether an entry of the walk is what a row of the catalogue describes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from usenetsync_tui.model.entries import Entry, FileKind
from usenetsync_tui.model.value_object import value_object

SHOWN = frozenset((FileKind.DIRECTORY, FileKind.SYMLINK))
"""Kinds of which the walk sees all but the extended attributes."""
_INODE = Entry._fields.index("inode")


@value_object
class Comparison:
    """How the files of a folder are compared."""

    ignores_inode: bool
    was_moved: bool
    """The files may be copies, in another place, of those that the rows describe."""

    def has_only_another_inode(self, row: Sequence[Any], entry: Entry) -> bool:
        """Whether nothing differs but an inode number that is not compared."""
        after = _INODE + 1
        same = self.ignores_inode and row[:_INODE] == entry[:_INODE]
        return same and row[after:] == entry[after:]

    def is_same(self, row: Sequence[Any], entry: Entry) -> bool:
        """Whether a difference means no change. `row`: the fields of an entry, as a tuple.

        That is an inode number that is not compared, an owner that was not recorded before, for
        a symlink its inode and ctime, as the walk has read its whole content, and for a directory
        its ctime: of both, that may tell other extended attributes, at which `LookedAt` looks. In
        the first upload of an adopted folder it is the inode and ctime of any file: a restored or
        copied file has others.
        """
        known = Entry._make(row)
        if known.uid is None:
            known = known._replace(uid=entry.uid, gid=entry.gid)
        if self.was_moved or self.ignores_inode or entry.kind == FileKind.SYMLINK:
            known = known._replace(inode=entry.inode)
        if self.was_moved or entry.kind in SHOWN:
            known = known._replace(ctime_ns=entry.ctime_ns)
        return known == entry
