"""nzb: a version of a `plain` folder as a list of articles any newsreader can download.

Streams from the catalogue: memory does not grow with the number of files. Lists only files that
are completely posted, and counts the others.

Each name occurs once in a list, even for systems that do not distinguish `README` from `readme`,
or two encodings of an accent: of colliding names the first stays, the others get a suffix. A
file's articles carry the name it was posted with. The list shows another name only after a
collision, as newsreaders drop a second file of the same name before they read its articles; and it
shortens a name that is too long for a newsreader's disk, posted before such names were shortened.

An NZB lists a whole version, or an `NzbPart` of it: one subfolder, or the files that are in none.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

from usenetsync_tui.catalogue.lookups import nzb
from usenetsync_tui.catalogue.lookups.nzb import NzbFileRow
from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.catalogue.tables import folders, headers
from usenetsync_tui.catalogue.tables.headers import PostedWith
from usenetsync_tui.catalogue.tables.version_files import Span
from usenetsync_tui.codec import nzb as codec
from usenetsync_tui.codec.envelope import PlainHeaders, plain_subject
from usenetsync_tui.codec.flat_names import NAME_LIMIT, distinct_name, flat_name, folded, length
from usenetsync_tui.codec.nzb import NzbSegment
from usenetsync_tui.codec.yenc import likely_size
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.folders import Folder, Profile, Realm, StoreKind
from usenetsync_tui.model.segments import Part
from usenetsync_tui.pipeline.nzb.parts import NzbPart

_PAGE = 1000
_TAIL_DIGITS = 16
"""More digits than a posted name has, so that the two cannot collide."""

Write = Callable[[bytes], object]


@dataclass(slots=True)
class Listed:
    """What an NZB holds; bytes are those of the articles as they were posted."""

    files: int = 0
    articles: int = 0
    bytes: int = 0
    left_out: int = 0
    """Files with content that are not completely posted."""
    empty: int = 0
    """Files without content: an NZB cannot list them."""


async def write_nzb(
    catalogue: Catalogue, folder: Folder, version: int, write: Write, *, part: NzbPart | None = None
) -> Listed:
    """Pass the NZB of a version, or of a part of it, to `write`, piece by piece.

    Raises `UsageError` for a folder whose articles no newsreader can read.
    """
    refuse_unreadable(folder)
    span = part.span(folder.id, version) if part is not None else Span(folder.id, version)
    contents = _Contents(catalogue, span, part)
    names = _Names(folder)
    await names.prepare(contents)
    heads = await _Heads.of(catalogue, folder)
    writer = _Writer(catalogue, names, heads, sum(names.is_listed), write)
    write(codec.head())
    number = 0
    async for file in contents.files():
        # As decided in the first pass: the counters must match the list.
        if names.is_listed[number]:
            await writer.add(file)
        number += 1
    write(codec.tail())
    listed = writer.listed
    listed.left_out = len(names.is_listed) - listed.files
    listed.empty = await contents.empty()
    return listed


def refuse_unreadable(folder: Folder) -> None:
    """`UsageError` for a folder whose articles no newsreader can read."""
    if (folder.realm.store, folder.realm.profile) != (StoreKind.USENET, Profile.PLAIN):
        raise UsageError(
            f"{folder.name} is {folder.realm.profile} in the {folder.realm.store} store: other "
            "programs can read only what is posted to Usenet with --profile plain."
        )


class _Contents:
    """The files of one NZB; may be read several times."""

    def __init__(self, catalogue: Catalogue, span: Span, part: NzbPart | None) -> None:
        self.catalogue = catalogue
        self._span = span
        self._part = part

    async def files(self) -> AsyncIterator[NzbFileRow]:
        """Those with content, in path order."""
        span = self._span
        while True:
            async with self.catalogue.transaction() as tx:
                page = await nzb.files_page(tx, span, _PAGE)
            for file in page:
                if self._part is None or self._part.holds(file.path):
                    yield file
            if len(page) < _PAGE:
                return
            span = replace(span, start=page[-1].key + b"\0")

    async def empty(self) -> int:
        """How many have no content."""
        loose = self._part is not None and self._part.subfolder is None
        async with self.catalogue.transaction() as tx:
            return await nzb.empty_files(tx, self._span, loose=loose)


class _Names:
    """A unique name for each file of one NZB."""

    def __init__(self, folder: Folder) -> None:
        realm = folder.realm
        self._folder = folder
        self.style = PlainHeaders(realm.domain, realm.sender, realm.newsgroups, realm.header_style)
        self._meeting: set[bytes] = set()
        self._given: set[bytes] = set()
        self.is_listed = bytearray()
        """For each file in path order, whether the NZB lists it: it is completely posted."""

    async def prepare(self, contents: _Contents) -> None:
        """Decide which files are listed, and find colliding names: in the database, as there may
        be millions."""
        async with contents.catalogue.transaction() as tx:
            await nzb.begin_names(tx)
            digests: list[bytes] = []
            async for file in contents.files():
                is_listed = bool(file.complete) and file.realm_id == self._folder.realm.id
                self.is_listed.append(is_listed)
                if is_listed:
                    digests.append(_digest(self._usual(file.path)))
                if len(digests) >= _PAGE:
                    await nzb.add_names(tx, digests)
                    digests.clear()
            await nzb.add_names(tx, digests)
            self._meeting = await nzb.duplicate_names(tx)

    def _usual(self, path: bytes) -> str:
        """The name in its articles, unless that is too long for a newsreader's disk."""
        name = self.style.name(path)
        return name if length(name) <= NAME_LIMIT else flat_name(path)

    def of(self, path: bytes) -> str:
        """The name of the file at a path. Call it once for each file, in the order of the list."""
        name = self._usual(path)
        digest = _digest(name)
        if digest not in self._meeting:
            return name
        if digest not in self._given:
            self._given.add(digest)
            return name
        return distinct_name(path, digits=_TAIL_DIGITS)


def _digest(name: str) -> bytes:
    return hashlib.blake2b(folded(name).encode(), digest_size=16).digest()


class _Heads:
    """The newsgroups and posters that a folder's articles were posted with."""

    def __init__(self, realm: Realm, changed: dict[int, PostedWith]) -> None:
        """`realm`: with its first headers. `changed`: the folder's later headers, by id."""
        self._realm = realm
        self._began = PostedWith(None, list(realm.newsgroups), realm.sender, None)
        self._changed = changed

    @classmethod
    async def of(cls, catalogue: Catalogue, folder: Folder) -> _Heads:
        async with catalogue.transaction() as tx:
            realm = await folders.realm_by_id(tx, folder.realm.id)
            return cls(realm, await headers.every(tx, folder))

    async def of_file(
        self, tx: Transaction, file: NzbFileRow, first: bytes
    ) -> tuple[list[str], str]:
        """All newsgroups that a file's articles are in, and the poster of the `first`."""
        used = [self._began]
        if self._changed and file.object_id is not None:
            ids = await headers.of_object(tx, file.object_id)
            used = [self._changed.get(i or 0, self._began) for i in ids] or used
        groups = list(dict.fromkeys(group for one in used for group in one.newsgroups))
        one = used[0]
        if one.veil is None:
            return groups, one.sender
        realm = self._realm
        style = PlainHeaders(realm.domain, one.sender, one.newsgroups, realm.header_style, one.veil)
        return groups, style.poster(first)


class _Writer:
    """Writes the files one by one, and counts them."""

    def __init__(
        self, catalogue: Catalogue, names: _Names, heads: _Heads, every: int, write: Write
    ) -> None:
        self._catalogue = catalogue
        self._names = names
        self._heads = heads
        self._every = every
        self._write = write
        self.listed = Listed()

    async def add(self, file: NzbFileRow) -> None:
        """List a file that is completely posted."""
        assert file.object_id is not None
        self.listed.files += 1
        total, after = file.segments or 0, -1
        while after + 1 < total:
            async with self._catalogue.transaction() as tx:
                page = await nzb.articles(tx, file.object_id, after, _PAGE)
                if page and after < 0:
                    head = await self._heads.of_file(tx, file, page[0].message_id)
                    self._begin(file, total, page[0], head)
            if not page:
                break
            for article in page:
                self._add_article(article)
            after = page[-1].segment
        self._write(codec.file_end())

    def _begin(
        self, file: NzbFileRow, total: int, first: nzb.NzbArticleRow, head: tuple[list[str], str]
    ) -> None:
        part = Part(file.path, 1, total, 0, file.size)
        subject = plain_subject(part, self._names.of(file.path))
        counter = f"[{self.listed.files:0{len(str(self._every))}}/{self._every}]"
        posted = first.posted_at
        element = codec.file_element(
            subject=f"{counter} - {subject}",
            poster=head[1],
            date=int(posted.timestamp()) if posted else file.mtime_ns // 1_000_000_000,
            groups=head[0],
        )
        self._write(element)

    def _add_article(self, article: nzb.NzbArticleRow) -> None:
        size = article.wire_size or likely_size(article.payload_size)
        name = article.adopted or self._names.style.wire_id(article.message_id)
        self._write(codec.segment_element(NzbSegment(article.segment + 1, size, name)))
        self.listed.articles += 1
        self.listed.bytes += size
