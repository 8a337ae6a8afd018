"""The root: one small page that describes a version (`page` has the frame, type 4, one row).

Columns; *texts* are those of `varints.write_texts`::

    tag  content
    1    CURRENT   the version's line: 14 varints
    3    OLDER     the lines of the finished versions before it, oldest first, those from the base
                   on at least. A writer leaves out the oldest ones where they are many: they are
                   in the root of the oldest version that is listed, and have roots of their own
    5    NAME      the folder's name, UTF-8
    7    PATH      the folder's path on the machine that made the version; a reader may show it
    9    REALMS    texts, one for each realm (below)
    11   RUNS      7 varints for each run: version; 1 for a base, else 0; paths in it; parts of
                   objects in it; bytes of its pages of files and objects; and how many bytes of
                   column 15 are its directory of files and its directory of objects (0: it has
                   none)
    13   NEXT      varint: above the numbers of all objects of the folder
    15   DIRECTORIES   the highest directories of the runs, as pages (`directory`): for each run
                   that of files, then that of objects; stored
    17   FEW       for each run, a varint: the number of its fingerprints plus 1; 0: it has none
    19   FINGERPRINTS  of the paths in runs with few: 4 bytes each, big-endian, ascending; stored
    21   FOLDER    how the folder was backed up, so that another machine can go on: varints (others
                   may follow): the realm it posts to (its position in column 9), copies (1 to 10),
                   compression (0 none, 1 LZ4, 2 LZMA), flags: 1 its versions include
                   UsenetSync's own files, 2 the user chose to ignore inodes, 4 they are unstable
    22   FILTERS   what its versions leave out (`filters`); a reader may skip it
    24   KEPT      if versions were forgotten, all kept ones before this one: varints, a zero, then
                   the distances from each to the next, the first one from zero. A version that is
                   not among them is gone, whatever an older root lists

**The line of a version**: version (from 1), attempt (`keys`), state (1 complete, 2 incomplete),
beginning and end (microseconds since 1970 UTC), files, directories, symlinks, bytes of the source,
paths added, modified and removed, bytes stored, number of problems.

**A realm**: how articles are named, found and opened. One text of texts: store (``usenet``,
``shards`` or ``memory``), profile (``sealed``, ``packed`` or ``plain``), domain of Message-IDs,
newsgroups (joined by commas), poster, header style (one byte, `codec.envelope`), digest
(``blake3`` or ``sha256``), key (32 bytes for ``sealed``, else empty), veil (32 bytes or empty).

**The runs.** The first one is a base: it has all paths of its version, and all objects these use.
Each of the others has what changed between the version of the run before and its own. The version
of the last one is not above that of the root. A path of version v is in the newest run not above v
that has it, unless that says it was removed. An object is in the newest run that has it, whatever
the version: a later run may tell new names of its articles. A run of the same version as the one
before tells such names, and the paths of that version whose content was posted again, as another
object. All versions from the base on can be read in this way. For one before
it read that version's own root, or the newest root with the same base as that: it has the same
runs, and further ones may tell names that articles got later.

**A fingerprint** of a path is the first 4 bytes of its BLAKE3. A path whose fingerprint is missing
is not in the run, so looking for one path does not fetch a page of each run.

Runs never refer to roots, and a root refers to older versions by their numbers alone, which are
below its own: there are no loops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from blake3 import blake3

from usenetsync_tui.codec.index.directory import read_directory, write_directory
from usenetsync_tui.codec.index.filters import read_filters, write_filters
from usenetsync_tui.codec.index.page import IndexPage, PageType, read_page, write_page
from usenetsync_tui.codec.index.realms import read_realm, write_realm
from usenetsync_tui.codec.index.varints import (
    Cursor,
    read_varints,
    slices,
    write_texts,
    write_varints,
)
from usenetsync_tui.errors import IndexUnreadableError
from usenetsync_tui.model.entries import MOST
from usenetsync_tui.model.folders import Compression, SnapshotState
from usenetsync_tui.model.index.roots import FolderLine, IndexRoot, IndexRun, PageRef, VersionLine

FEW = 2048
"""The most paths of a run that has fingerprints."""
MOST_OLDER = 2000
"""The most older versions that a root lists, unless more are needed to read its runs: some 50 KB in
each root. The roots of 100,000 versions are a chain of 50 links."""
_FILTERS, _KEPT = 22, 24
_STORED = (15, 19)
_KNOWN = frozenset((*range(1, 22, 2), 22))
_LINE = len(VersionLine._fields)
_FINGERPRINT = 4
_COMPRESSIONS = (Compression.NONE, Compression.LZ4, Compression.LZMA)
_FLAGS = (1, 2, 4)
_MOST_COPIES = 10
_STATES = (SnapshotState.COMPLETE, SnapshotState.INCOMPLETE)


def fingerprint(path: bytes) -> int:
    """32 bits of a path."""
    return int.from_bytes(blake3(path).digest(_FINGERPRINT))


def write_root(root: IndexRoot) -> bytes:
    """The page of a root."""
    runs: list[int] = []
    directories: list[bytes] = []
    prints: list[int] = []
    counts: list[int] = []
    for run in root.runs:
        pages = [_directory(run, of_objects) for of_objects in (False, True)]
        runs += (run.version, run.is_base, run.files, run.objects, run.size, *map(len, pages))
        directories += pages
        mine = run.fingerprints
        counts.append(0 if mine is None else len(mine) + 1)
        prints += sorted(mine or ())
    columns = {
        1: write_varints(root.current),
        3: write_varints([number for line in root.older for number in line]),
        5: root.name.encode("utf-8", "surrogateescape"),
        7: root.path,
        9: write_texts([write_realm(realm) for realm in root.realms]),
        11: write_varints(runs),
        13: write_varints([root.next_object]),
        15: b"".join(directories),
        17: write_varints(counts),
        19: b"".join([each.to_bytes(_FINGERPRINT) for each in prints]),
        21: _written_folder(root.folder),
        _FILTERS: b"" if root.filters is None else write_filters(root.filters),
        _KEPT: b"" if root.kept is None else _written_kept(root.kept),
    }
    return write_page(PageType.ROOT, 1, columns, _STORED)


def write_fitting_root(root: IndexRoot, room: int) -> bytes:
    """The page of a root, in at most `room` bytes where that is possible.

    Leaves out the lines of the oldest versions, all but `MOST_OLDER` of them and more if need be,
    then the fingerprints. The runs and what belongs to the folder are always there.
    """
    needed = [line for line in root.older if line.version >= root.runs[0].version]
    root = replace(root, older=root.older[-max(MOST_OLDER, len(needed)) :])
    data = write_root(root)
    while len(data) > room and len(root.older) > len(needed):
        kept = max(len(needed), len(root.older) // 2)
        root = replace(root, older=root.older[len(root.older) - kept :])
        data = write_root(root)
    if len(data) > room:
        runs = tuple([replace(run, fingerprints=None) for run in root.runs])
        data = write_root(replace(root, runs=runs))
    return data


def _written_kept(versions: Sequence[int]) -> bytes:
    """A zero first: with no version kept before this one, the column is not empty."""
    return write_varints([0, *[b - a for a, b in pairwise([0, *versions])]])


def _read_kept(data: bytes, version: int) -> tuple[int, ...] | None:
    if not data:
        return None
    zero, *steps = read_varints(data)
    kept = tuple(accumulate(steps))
    if zero or 0 in steps or (kept and kept[-1] >= version):
        raise IndexUnreadableError("Its kept versions are not in order.")
    return kept


def _written_folder(line: FolderLine) -> bytes:
    flags = sum(bit for bit, is_set in zip(_FLAGS, line[3:], strict=True) if is_set)
    codec = _COMPRESSIONS.index(Compression(line.compression))
    return write_varints([line.realm, line.copies, codec, flags])


def _read_folder(data: bytes, realms: int) -> FolderLine:
    numbers = read_varints(data)
    if len(numbers) < 4 or numbers[0] >= realms or numbers[2] >= len(_COMPRESSIONS):
        raise IndexUnreadableError("It does not say how the folder was backed up.")
    realm, copies, codec, flags = numbers[:4]
    if not 1 <= copies <= _MOST_COPIES:
        raise IndexUnreadableError("The folder has an impossible number of copies.")
    return FolderLine(realm, copies, str(_COMPRESSIONS[codec]), *[bool(flags & b) for b in _FLAGS])


def _directory(run: IndexRun, of_objects: bool) -> bytes:
    lines = [line for line in run.pages if line.of_objects == of_objects]
    return write_directory(lines) if lines else b""


def read_root(data: bytes, version: int) -> IndexRoot:
    """The root of a version; `IndexUnreadableError` if it is another's, or damaged."""
    page = read_page(data, PageType.ROOT)
    page.additions(_KNOWN)
    (current,) = _lines(page.column(1), 1)
    if current.version != version:
        raise IndexUnreadableError(f"It is of version {current.version} instead of {version}.")
    older = _lines(page.column(3))
    if any(a.version >= b.version for a, b in pairwise([*older, current])):
        raise IndexUnreadableError("Its older versions are not in order.")
    realms = Cursor(page.column(9))
    listed = tuple([read_realm(text) for text in realms.texts()])
    (next_object,) = read_varints(page.column(13), 1)
    root = IndexRoot(
        current=current,
        older=tuple(older),
        name=page.column(5).decode("utf-8", "surrogateescape"),
        path=page.column(7),
        folder=_read_folder(page.column(21), len(listed)),
        realms=listed,
        runs=_runs(page, version),
        next_object=next_object,
        kept=_read_kept(page.column(_KEPT), version),
        filters=read_filters(filters) if (filters := page.column(_FILTERS)) else None,
    )
    realms.end()
    return root


def _lines(data: bytes, count: int | None = None) -> list[VersionLine]:
    numbers = read_varints(data, None if count is None else count * _LINE)
    if len(numbers) % _LINE or max(numbers, default=0) > MOST:
        raise IndexUnreadableError("The line of a version has impossible numbers.")
    lines = [VersionLine(*numbers[at : at + _LINE]) for at in range(0, len(numbers), _LINE)]
    if any(not line.version or line.state not in _STATES for line in lines):
        raise IndexUnreadableError("A version is not finished.")
    return lines


def _runs(page: IndexPage, version: int) -> tuple[IndexRun, ...]:
    numbers = read_varints(page.column(11))
    rows = [numbers[at : at + 7] for at in range(0, len(numbers), 7)]
    versions = [row[0] for row in rows]
    ordered = all(a <= b for a, b in pairwise([*versions, version]))
    if not rows or len(rows[-1]) != 7 or not versions[0] or not ordered:
        raise IndexUnreadableError("Its runs are not in order.")
    if [row[1] for row in rows] != [1] + [0] * (len(rows) - 1):
        raise IndexUnreadableError("Its first run, and no other, must be a base.")
    directories = iter(slices(page.column(15), [size for row in rows for size in row[5:]]))
    fingerprints = _fingerprints(page, len(rows))
    return tuple(
        IndexRun(
            version=row[0],
            is_base=bool(row[1]),
            files=row[2],
            objects=row[3],
            size=row[4],
            pages=(*_pages(next(directories), False), *_pages(next(directories), True)),
            fingerprints=prints,
        )
        for row, prints in zip(rows, fingerprints, strict=True)
    )


def _pages(data: bytes, of_objects: bool) -> list[PageRef]:
    if not data:
        return []
    lines = read_directory(data, level=None)
    if lines[0].of_objects != of_objects or (not of_objects and lines[0].first):
        raise IndexUnreadableError("A directory is not the one of its run.")
    return lines


def _fingerprints(page: IndexPage, runs: int) -> list[frozenset[int] | None]:
    counts = read_varints(page.column(17), runs)
    every = slices(page.column(19), [_FINGERPRINT * max(count - 1, 0) for count in counts])
    return [_set(data) if count else None for count, data in zip(counts, every, strict=True)]


def _set(data: bytes) -> frozenset[int]:
    return frozenset([int.from_bytes(each) for each in _fours(data)])


def _fours(data: bytes) -> Sequence[bytes]:
    return slices(data, [_FINGERPRINT] * (len(data) // _FINGERPRINT))
