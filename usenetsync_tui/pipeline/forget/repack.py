"""repack: writes packs again without the files that only forgotten versions had.

A batch of packs at a time: their bytes are fetched and each file in them is checked by its digest;
what no file has becomes zeros, which compression leaves out; the new articles are recorded, posted
and confirmed like any others. Then one transaction gives them to the packs. Killed before that, the
new articles go as what nobody needs; after it, the old ones stay until the index tells the new ones
(`forget`).

A pack that cannot be read whole stays as it is. Refuses to know which packs are worth it
(`catalogue.tables.forgetting.packs`), and when the old articles go.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from anyio import to_thread

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import objects, segments
from usenetsync_tui.catalogue.tables.forgetting import packs
from usenetsync_tui.catalogue.tables.forgetting.packs import PackExchange, PackPlace, WornPack
from usenetsync_tui.catalogue.tables.index import changes, posted
from usenetsync_tui.catalogue.tables.segments import KnownArticle
from usenetsync_tui.codec.compression import compress_sparse, decompress
from usenetsync_tui.codec.digests import digest_of
from usenetsync_tui.disk.content import content_of
from usenetsync_tui.errors import StoreError
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.folders import Compression, StoreKind
from usenetsync_tui.model.segments import Codec, Segment, SegmentStatus
from usenetsync_tui.pipeline.index.untold import closed_ranges
from usenetsync_tui.pipeline.posting.articles import posting_of
from usenetsync_tui.pipeline.posting.ledger import (
    Ledger,
    OutgoingArticle,
    fresh_nonce,
    leaving_size,
)
from usenetsync_tui.pipeline.posting.posting_lanes import posting_lanes
from usenetsync_tui.pipeline.run.fetch import fetch_other_copies, opened
from usenetsync_tui.pipeline.run.job_run import JobRun

WORN_PARTS = 20
"""A pack is written again when no file has one part of so many of its bytes: to free fewer bytes is
not worth reading and writing all others. (restic leaves the same share: ``--max-unused 5%``.)"""
_AT_ONCE = 16
"""Packs in a batch: each is in memory a few times."""


class _New(NamedTuple):
    """What a pack will consist of."""

    pack: WornPack
    copies: Sequence[Segment]
    """Its segments as they were when they were fetched."""
    hash: bytes
    codec: Codec
    payload: bytes

    @property
    def left_out(self) -> int:
        """Bytes of the pack that are zeros."""
        return self.pack.size - self.pack.live


async def repack(run: JobRun) -> int:
    """Write the worn packs of the run's folder again; returns how many could not be read.

    Ends early when the run drains.
    """
    folder, unread = run.folder.id, 0
    if run.folder.realm.store is StoreKind.USENET:  # nothing is freed there, or told elsewhere
        return 0
    run.progress.phase = "repack"
    async with run.catalogue.transaction() as tx:
        if not await packs.are_chosen(tx, folder):
            realm = await posted.realm_of(tx, folder)
            if await packs.has_other_index(tx, folder, realm):
                return 0
            closed = await closed_ranges(tx, folder, realm) if realm is not None else []
            await packs.choose(tx, folder, WORN_PARTS, closed)
    limit = min(_AT_ONCE, run.limits.batch_size)
    limit = max(1, min(limit, run.limits.memory_limit // (16 * run.limits.chunk_size)))
    while True:
        await run.gate.passed()
        if run.draining:
            return unread
        async with run.catalogue.transaction() as tx:
            batch = await packs.next_packs(tx, folder, limit)
        if not batch:
            return unread
        for realm_id, some in groupby(sorted(batch, key=_REALM), _REALM):
            mine = await _run_in(run, realm_id)
            unread += await _Batch(mine, list(some)).written()
        run.progress.entries += len(batch)


_REALM = attrgetter("realm_id")


async def _run_in(run: JobRun, realm_id: int) -> JobRun:
    """The run in the realm of some packs: the same progress, pause and drain."""
    open_realm = await run.realm_of(realm_id)
    folder = replace(run.folder, realm=open_realm.realm)
    mine = replace(run, open_realm=open_realm, folder=folder, version=0)
    mine.worker_counts.allowed = run.worker_counts.allowed
    return mine


class _Batch:
    """Some packs of one realm that are written again."""

    def __init__(self, run: JobRun, worn: Sequence[WornPack]) -> None:
        self._run = run
        self._worn = worn
        self._unread = 0
        self._useless: dict[int, int] = {}
        """Packs for which new articles would free nothing, with the bytes that nobody needs."""
        self._postings: list[OutgoingArticle] = []

    async def written(self) -> int:
        """Write them again; returns how many could not be read."""
        run = self._run
        made = await self._made()
        pairs = await self._planned(made) if made else []
        if self._postings:
            await self._posted()
        of = {new.pack.id: new for new in made}
        async with run.catalogue.ledger_lock, run.catalogue.transaction(durable=True) as tx:
            await changes.announce(tx)
            ready = await _ready(tx, pairs, of)
            if ready:
                await packs.exchange(tx, ready)
            if self._useless:
                await packs.leave_out(tx, self._useless)
            await packs.done(tx, [pack.id for pack in self._worn])
        return self._unread

    async def _made(self) -> list[_New]:
        """The new bytes of the packs that can be read."""
        run = self._run
        async with run.catalogue.transaction() as tx:
            places = await packs.places(tx, run.folder.id, self._worn)
            copies = await segments.of_packs(tx, [pack.id for pack in self._worn])
        made: list[_New] = []
        for pack in self._worn:
            data = await self._fetched(copies.get(pack.id, []))
            if data is None:
                self._unread += 1
                continue
            make = partial(_made_of, pack, copies[pack.id], places[pack.id], data)
            new = await to_thread.run_sync(make, run.open_realm.realm.digest)
            if new is None:
                self._unread += 1
            elif _size(run, new) < min(copy.payload_size for copy in new.copies):
                made.append(new)
            else:
                self._useless[pack.id] = new.left_out
        return made

    async def _fetched(self, copies: Sequence[Segment]) -> bytes | None:
        """The bytes of a pack, from whatever copy; None: none can be read."""
        if not copies:
            return None
        how = partial(opened, segment=copies[0], open_realm=self._run.open_realm)
        try:
            return await self._run.open_realm.store.fetch(copies[0].message_id, opened=how)
        except StoreError as failure:
            problem = failure
        try:
            return await fetch_other_copies(self._run, copies, problem)
        except StoreError:
            return None

    async def _planned(self, made: Sequence[_New]) -> list[PackExchange]:
        """Record new articles durably, those that the realm has already apart."""
        run, realm = self._run, self._run.open_realm.realm
        check_after = next(iter(run.open_realm.checks), None)
        async with run.catalogue.ledger_lock, run.catalogue.transaction(durable=True) as tx:
            most = max(new.pack.copies for new in made)
            found = await segments.by_hash(tx, realm.id, {new.hash for new in made}, most)
            known = {(each.hash, each.redundancy): each for each in found}
            wanted = [new for new in made if not _waits(new, known)]
            ids = await objects.allocate(tx, len(wanted))
            rows: list[Segment] = []
            pairs: list[PackExchange] = []
            for number, new in zip(ids, wanted, strict=True):
                size = 0
                for redundancy in range(new.pack.copies):
                    row, fresh = self._row(number, redundancy, new, known)
                    rows.append(row)
                    size += fresh
                pairs.append(PackExchange(new.pack.id, number, new.left_out, size))
            await packs.begin(tx, run.folder.id, ids)
            if rows:
                await segments.insert(tx, realm.id, rows, check_after)
        return pairs

    def _row(
        self,
        number: int,
        redundancy: int,
        new: _New,
        known: dict[tuple[bytes, int], KnownArticle],
    ) -> tuple[Segment, int]:
        """The row of a copy of a pack's new segment, and the bytes that are posted for it."""
        run, key = self._run, (new.hash, redundancy)
        article, nonce, size = known.get(key), None, 0
        if is_new := article is None:
            nonce, size = fresh_nonce(run), _size(run, new)
            name = secrets.token_bytes(16)
            article = KnownArticle(
                *(*key, name, new.codec, size, SegmentStatus.SENDING),
                headers=run.open_realm.realm.headers,
            )
            known[key] = article
        row = Segment(
            object_id=number,
            index=0,
            redundancy=redundancy,
            size=new.pack.size,
            hash=new.hash,
            codec=Codec(article.codec),
            payload_size=article.payload_size,
            message_id=article.message_id,
            status=SegmentStatus(article.status),
            nonce=nonce,
            by_body=article.by_body,
            headers=article.headers,
        )
        if is_new:
            self._postings.append(
                posting_of(
                    run,
                    new.pack,
                    row,
                    new.payload,
                    path=b"",
                    copies=new.pack.copies,
                    nonce=nonce,
                    credit=0,
                    held=0,
                    again=False,
                )
            )
        return row, size

    async def _posted(self) -> None:
        """Post the new articles; returns when each is confirmed or given up."""
        run = self._run
        ledger = Ledger(lock=run.catalogue.ledger_lock, counts=False)
        ledger.under_way |= {each.article.message_id: each for each in self._postings}
        run.stages.clear()
        async with posting_lanes(run, ledger) as out:
            await out.put(self._postings)
        run.stages.clear()


def _size(run: JobRun, new: _New) -> int:
    """Bytes of an article of a pack as it is posted."""
    return leaving_size(run.open_realm, len(new.payload))


def _waits(new: _New, known: Mapping[tuple[bytes, int], KnownArticle]) -> bool:
    """Whether somebody else plans an article with the new bytes of a pack: it stays this time."""
    each = [known.get((new.hash, redundancy)) for redundancy in range(new.pack.copies)]
    return any(one is not None and not SegmentStatus(one.status).is_there for one in each)


async def _ready(
    tx: Transaction, pairs: Sequence[PackExchange], of: Mapping[int, _New]
) -> list[PackExchange]:
    """The pairs whose new articles are all there, and whose packs are as they were."""
    numbers = [number for pair in pairs for number in (pair.pack, pair.made)]
    now = await segments.of_packs(tx, numbers)
    return [
        pair
        for pair in pairs
        if len(now.get(pair.made, ())) == of[pair.pack].pack.copies
        and all(copy.status.is_there for copy in now[pair.made])
        and _names(now.get(pair.pack, ())) == _names(of[pair.pack].copies)
    ]


def _names(copies: Sequence[Segment]) -> list[bytes]:
    return [copy.message_id for copy in copies]


def _made_of(
    pack: WornPack,
    copies: Sequence[Segment],
    places: Sequence[PackPlace],
    data: bytes,
    algorithm: DigestAlgorithm,
) -> _New | None:
    """A pack with zeros where no file is; None if not all of its files are right. Blocking."""
    found, made = {(each.offset, each.size) for each in places}, bytearray(pack.size)
    if len(data) != pack.size or sum(size for _, size in found) != pack.live:
        return None
    for offset, size, digest in places:
        content, part = content_of(size, digest, pack.segment_size), data[offset : offset + size]
        if content is None or not content.is_of(part):
            return None
        made[offset : offset + size] = part
    new = bytes(made)
    dense = any(copy.codec is Codec.LZMA for copy in copies)
    codec, payload = compress_sparse(new, Compression.LZMA if dense else Compression.LZ4)
    if decompress(payload, codec, pack.size) != new:
        return None
    return _New(pack, copies, digest_of(algorithm, new), codec, payload)
