"""Pages of an index for its tests: small samples, and strategies for any entries and objects."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from usenetsync_tui.model.digests import DigestKind
from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.filters import Filters
from usenetsync_tui.model.index.entries import (
    AttributeTag,
    EntryChange,
    IndexArticle,
    IndexEntry,
    IndexSegment,
    ObjectPart,
)
from usenetsync_tui.model.index.roots import (
    FolderLine,
    IndexRealm,
    IndexRoot,
    IndexRun,
    PageRef,
    VersionLine,
)

MIB = 1 << 20
NOW = 1_764_000_000_123_456_789
DIGEST = bytes(range(32))
NAMES = (bytes(range(16)), bytes(range(16, 32)))


def removed(path: bytes) -> IndexEntry:
    """A path that a version no longer has."""
    return IndexEntry(
        path, EntryChange.REMOVED, 0, 0, None, None, b"", b"", None, None, 0, 0, 0, 0, 0
    )


def a_file(path: bytes, **changes: object) -> IndexEntry:
    """A small file in a pack."""
    entry = IndexEntry(
        path=path,
        change=EntryChange.PRESENT,
        kind=FileKind.REGULAR,
        mode=0o644,
        uid=1000,
        gid=100,
        user=b"anna",
        group=b"users",
        digest_kind=DigestKind.BLAKE3,
        object=7,
        offset=0,
        size=5,
        mtime_ns=NOW,
        ctime_ns=NOW,
        inode=42,
        digest=DIGEST,
    )
    return entry._replace(**changes)  # type: ignore[arg-type]


def a_directory(path: bytes, **changes: object) -> IndexEntry:
    """A directory, which has neither content nor change time."""
    empty = {"digest_kind": None, "object": None, "digest": None, "size": 0, "ctime_ns": 0}
    kind = {"kind": FileKind.DIRECTORY, "mode": 0o755, "inode": 0}
    return a_file(path, **{**empty, **kind, **changes})


def a_link(path: bytes, target: bytes) -> IndexEntry:
    """A symlink."""
    return a_directory(path, kind=FileKind.SYMLINK, mode=0o777, link=target, size=len(target))


SAMPLE = [
    a_directory(b""),
    a_file(b"a.txt"),
    a_file(b"b.txt", offset=5, size=MIB, inode=43, ctime_ns=NOW + 1, mtime_ns=-NOW),
    a_directory(b"dir/"),
    a_file(b"dir/big", object=9, digest_kind=DigestKind.SEGMENTS_BLAKE3, digest=None, size=2 * MIB),
    removed(b"dir/gone"),
    a_link(b"dir/link", b"../a.txt"),
    a_file(
        b"dir/unread",
        change=EntryChange.ADDED,
        object=None,
        digest_kind=None,
        digest=None,
        uid=None,
        gid=None,
        user=b"",
        group=b"",
        attributes=((AttributeTag.REASON, b"Permission denied"), (AttributeTag.RACY, b"")),
    ),
]
"""One of each."""


def a_segment(codec: int, payload: int, copies: int = 2) -> IndexSegment:
    """A segment whose copies have the same payload."""
    return IndexSegment(
        DIGEST, tuple(IndexArticle(name, codec, payload) for name in NAMES[:copies])
    )


OBJECTS = [
    ObjectPart(7, 0, 1, 700_000, 768_000, 0, (a_segment(1, 1000),)),
    ObjectPart(9, 0, 0, 2 * MIB, 768_000, 0, (a_segment(0, 768_000), a_segment(2, 9, 1))),
    ObjectPart(
        9,
        0,
        0,
        2 * MIB,
        768_000,
        2,
        (
            IndexSegment(
                DIGEST,
                (
                    IndexArticle(NAMES[0], 0, 561_152),
                    IndexArticle(NAMES[1], 2, 9, ("a$b@host.example", "c@d")),
                ),
            ),
        ),
    ),
]


def a_line(version: int, **changes: int) -> VersionLine:
    """A version's line in a root."""
    line = VersionLine(version, 0, 1, 1_000_000, 2_000_000, 5, 2, 1, 3 * MIB, 5, 1, 1, MIB, 0)
    return line._replace(**changes)


FILE_PAGES = (
    PageRef(0, False, b"", DIGEST, 1000, NAMES),
    PageRef(0, False, b"dir", DIGEST[::-1], 2000, NAMES, (("x@y.example",), ())),
)
OBJECT_PAGES = (PageRef(0, True, (0, 0), DIGEST, 500, NAMES),)
SEALED_REALM = IndexRealm(
    "usenet", "sealed", "d.example", ("alt.a", "alt.b"), "", 2, "blake3", key=DIGEST
)
PLAIN_REALM = IndexRealm("shards", "packed", "e.example", (), "", 1, "sha256")
ROOT = IndexRoot(
    current=a_line(3),
    older=(a_line(1), a_line(2, state=2, errors=4)),
    name="photos",
    path=b"/home/anna/photos",
    folder=FolderLine(0, 2, "lz4", False, True, False),
    realms=(SEALED_REALM, PLAIN_REALM),
    runs=(
        IndexRun(1, True, 8, 3, 4000, FILE_PAGES + OBJECT_PAGES),
        IndexRun(3, False, 2, 0, 300, FILE_PAGES[:1], frozenset({5, 0xFFFFFFFF})),
    ),
    next_object=10,
    filters=Filters((b"*.o", b"!keep.o"), (b"/etc/excluded",), (b".nobackup",), True, 5, True),
)


def root_with(**changes: object) -> IndexRoot:
    """The sample root with other fields."""
    return replace(ROOT, **changes)  # type: ignore[arg-type]


# --- any entries -------------------------------------------------------------------------

_component = st.binary(min_size=1, max_size=12).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..")
)
_path = st.lists(_component, min_size=1, max_size=4).map(b"/".join)
_time = st.integers(-(2**63) + 1, 2**64 - 2**33) | st.integers(0, 2**31).map(lambda s: s * 10**9)
_signed = st.integers(-(2**63), 2**63 - 1)
_owner = st.none() | st.integers(0, 2**32)
_value = st.binary(max_size=20)


@st.composite
def entries(draw: st.DrawFn) -> list[IndexEntry]:
    """A page of any entries."""
    paths = draw(st.lists(_path, unique=True, max_size=12))
    made = [draw(_entry(path)) for path in paths]
    return sorted(made, key=lambda entry: entry.path)


@st.composite
def _entry(draw: st.DrawFn, path: bytes) -> IndexEntry:
    attributes = draw(st.dictionaries(st.sampled_from([64, 66, 68, 70, 900]), _value, max_size=2))
    common = {
        "change": draw(st.sampled_from([0, 1, 2])),
        "mode": draw(st.integers(0, 0o7777)),
        "uid": draw(_owner),
        "gid": draw(_owner),
        "user": draw(st.sampled_from([b"", b"anna", b"\xff"])),
        "mtime_ns": draw(_time),
        "attributes": tuple(sorted(attributes.items())),
    }
    which = draw(st.sampled_from(["removed", "directory", "link", "empty", "small", "large"]))
    if which == "removed":
        return removed(path)
    if which == "directory":
        return a_directory(path + b"/", **common)
    common |= {"ctime_ns": draw(_signed), "inode": draw(_signed)}
    if which == "link":
        return a_link(path, draw(st.binary(max_size=30)).replace(b"\0", b""))._replace(**common)
    if which == "empty":
        return a_file(path, object=None, digest=None, digest_kind=None, size=0)._replace(**common)
    number, offset = draw(st.integers(1, 2**63 - 1)), draw(st.integers(0, 2**40))
    common |= {"object": number, "offset": offset, "size": draw(st.integers(0, 2**62))}
    if which == "large":
        return a_file(path, digest_kind=draw(st.sampled_from([2, 3])), digest=None)._replace(
            **common
        )
    return a_file(path, digest=draw(st.binary(min_size=32, max_size=32)))._replace(**common)


@st.composite
def parts(draw: st.DrawFn) -> list[ObjectPart]:
    """A page of any objects of files."""
    numbers = draw(st.lists(st.integers(1, 2**63 - 1), unique=True, max_size=6))
    return [draw(_part(number)) for number in sorted(numbers)]


@st.composite
def _part(draw: st.DrawFn, number: int) -> ObjectPart:
    segment_size, count = draw(st.integers(1, 10**6)), draw(st.integers(1, 4))
    first = draw(st.integers(0, 10**6))
    size = (first + count) * segment_size + draw(st.integers(0, 10**9))
    article = st.builds(
        IndexArticle,
        st.binary(min_size=16, max_size=16),
        st.sampled_from([0, 1, 2]),
        st.integers(0, 2**40),
        st.sampled_from([(), ("a@b",)]),
    )
    digest = st.binary(min_size=32, max_size=32)
    segment = st.builds(IndexSegment, digest, st.lists(article, max_size=3).map(tuple))
    segments = draw(st.lists(segment, min_size=count, max_size=count))
    return ObjectPart(
        number, draw(st.integers(0, 1)), 0, size, segment_size, first, tuple(segments)
    )
