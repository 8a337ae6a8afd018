"""Column FILTERS of a root: what the folder's versions leave out (`root` has the frame).

*Texts* and varints are those of `varints`::

    three texts, each of texts   patterns in gitignore's syntax; files with such patterns, absolute;
                                 names that keep what is in their directory out
    varint                       files with more bytes are left out; 0: none
    varint                       flags: 1 directories with a CACHEDIR.TAG, 2 other file systems

Others may follow. A folder without filters has the column too: a root without it does not say.
"""

from __future__ import annotations

from usenetsync_tui.codec.index.varints import Cursor, write_texts, write_varints
from usenetsync_tui.errors import IndexUnreadableError
from usenetsync_tui.model.filters import Filters, name_problem

_CACHES, _MOUNTS = 1, 2
_LARGEST = 1 << 62


def write_filters(filters: Filters) -> bytes:
    """The bytes of the column."""
    lists = (filters.exclude, filters.exclude_files, filters.exclude_if_present)
    flags = _CACHES * filters.exclude_caches | _MOUNTS * filters.one_file_system
    return write_texts([write_texts(each) for each in lists]) + write_varints(
        [filters.exclude_larger_than, flags]
    )


def read_filters(data: bytes) -> Filters:
    """The filters of the column; `IndexUnreadableError` for those that no folder can have."""
    cursor = Cursor(data)
    lists = [tuple(_texts(each)) for each in cursor.texts()]
    if len(lists) != 3:
        raise IndexUnreadableError("Its filters are not three lists.")
    patterns, files, names = lists
    larger_than, flags = cursor.varint(), cursor.varint()
    is_possible = larger_than <= _LARGEST and not any(b"\0" in each for each in (*patterns, *files))
    if not is_possible or any(map(name_problem, names)):
        raise IndexUnreadableError("Its filters are impossible.")
    if not all(path.startswith(b"/") for path in files):
        raise IndexUnreadableError("A file with filters has no absolute path.")
    return Filters(
        exclude=patterns,
        exclude_files=files,
        exclude_if_present=names,
        exclude_caches=bool(flags & _CACHES),
        exclude_larger_than=larger_than,
        one_file_system=bool(flags & _MOUNTS),
    )


def _texts(data: bytes) -> list[bytes]:
    cursor = Cursor(data)
    texts = cursor.texts()
    cursor.end()
    return texts
