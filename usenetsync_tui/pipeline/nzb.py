"""nzb: a version of a `plain` folder as a list of articles any newsreader can download.

Streams from the catalogue: memory does not grow with the files. Lists only what is posted:
a file that is not whole is left out, and counted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from usenetsync_tui.catalogue import files, nzb
from usenetsync_tui.catalogue.files import Span
from usenetsync_tui.catalogue.nzb import WiredFile
from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.codec import nzb as codec
from usenetsync_tui.codec.envelope import PlainDress, plain_subject
from usenetsync_tui.codec.nzb import NzbSegment
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.folders import Folder, Profile, StoreKind
from usenetsync_tui.model.segments import Part

_PAGE = 1000


@dataclass(slots=True)
class Listed:
    """What an NZB holds; bytes are those of the articles as they were posted."""

    files: int = 0
    articles: int = 0
    bytes: int = 0
    left_out: int = 0
    """Files with content that are not wholly posted."""
    empty: int = 0
    """Files without content: an NZB cannot list them."""


async def write_nzb(
    catalogue: Catalogue, folder: Folder, version: int, write: Callable[[bytes], object]
) -> Listed:
    """Hand the NZB of a version to `write`, piece by piece.

    Raises `UsageError` for a folder whose articles no newsreader can read.
    """
    if (folder.realm.store, folder.realm.profile) != (StoreKind.USENET, Profile.PLAIN):
        raise UsageError(
            f"{folder.name} is {folder.realm.profile} in the {folder.realm.store} store: other "
            "programs can read only what is posted to Usenet with --profile plain."
        )
    listed = Listed()
    async with catalogue.transaction() as tx:
        every, _ = await files.version_totals(tx, Span(folder.id, version))
    write(codec.head())
    async for file in _files(catalogue, folder, version):
        if file.complete and file.realm_id == folder.realm.id:
            await _write_file(catalogue, folder, file, (listed, every), write)
        else:
            listed.left_out += 1
    write(codec.tail())
    listed.empty = every - listed.files - listed.left_out
    return listed


def _likely_size(payload: int) -> int:
    """Bytes of an article: yEnc escapes 1 byte in 64 and ends a line every 128, then headers."""
    return payload + payload // 64 + 2 * (payload // 128) + 500


async def _files(catalogue: Catalogue, folder: Folder, version: int) -> AsyncIterator[WiredFile]:
    after = b""
    while True:
        async with catalogue.transaction() as tx:
            page = await nzb.files_page(tx, folder.id, version, after, _PAGE)
        for file in page:
            yield file
        if len(page) < _PAGE:
            return
        after = page[-1].key


async def _write_file(
    catalogue: Catalogue,
    folder: Folder,
    file: WiredFile,
    counts: tuple[Listed, int],
    write: Callable[[bytes], object],
) -> None:
    realm, (listed, every) = folder.realm, counts
    dress = PlainDress(realm.domain, realm.sender, realm.newsgroups)
    assert file.object_id is not None
    listed.files += 1
    total, after = file.segments or 0, -1
    while after + 1 < total:
        async with catalogue.transaction() as tx:
            page = await nzb.articles(tx, file.object_id, after, _PAGE)
        if not page:
            break
        if after < 0:
            posted = page[0].posted_at
            subject = plain_subject(Part(file.path, 1, total, 0, file.size))
            counter = f"[{listed.files:0{len(str(every))}}/{every}]"
            element = codec.file_element(
                subject=subject.replace("[1/1]", counter, 1),
                poster=realm.sender,
                date=int(posted.timestamp()) if posted else file.mtime_ns // 1_000_000_000,
                groups=realm.newsgroups,
            )
            write(element)
        for article in page:
            size = article.wire_size or _likely_size(article.payload_size)
            name = article.adopted or dress.wire_id(article.message_id)
            write(codec.segment_element(NzbSegment(article.segment + 1, size, name)))
            listed.articles += 1
            listed.bytes += size
        after = page[-1].segment
    write(codec.file_end())
