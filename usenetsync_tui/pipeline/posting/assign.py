"""assign: which article carries each copy of a segment: an existing one, or a new one.

A new article gets a Message-ID of 128 random bits, and a fresh nonce if it will be sealed. Two
copies of a segment are two articles; when sealed, they share no byte.
"""

from __future__ import annotations

from usenetsync_tui.catalogue.tables.segments import KnownArticle, RowKey
from usenetsync_tui.model.folders import Profile
from usenetsync_tui.model.segments import CODECS, STATUSES, Bytes, Segment, SegmentStatus
from usenetsync_tui.pipeline.posting.articles import payload_of, posting_of
from usenetsync_tui.pipeline.posting.ledger import (
    Ledger,
    OutgoingArticle,
    fresh_nonce,
    leaving_size,
)
from usenetsync_tui.pipeline.posting.random_bytes import RandomBytes
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.run.segments import PreparedSegment


def digest_in_object(digest: bytes, object_id: int, index: int) -> bytes:
    """A digest that only the same slice of the same object shares."""
    return digest + object_id.to_bytes(8, "big") + index.to_bytes(4, "big")


class Assignment:
    """Which article carries each segment of a batch."""

    def __init__(
        self, run: JobRun, ledger: Ledger, known: dict[tuple[bytes, int], KnownArticle]
    ) -> None:
        self._run = run
        self._ledger = ledger
        self._known = known
        self._shares = run.folder.realm.profile is not Profile.PLAIN
        self._random = RandomBytes()
        self._credits: list[tuple[OutgoingArticle, int]] = []
        self._done = 0
        self._deduplicated = 0
        self._freed = 0
        self._segments = 0
        self.rows: list[Segment] = []
        self._mine: dict[bytes, OutgoingArticle] = {}
        self.revived: dict[bytes, bytes | None] = {}
        """Articles planned by an earlier run and sent again, with their new nonces."""

    def add(self, item: PreparedSegment) -> None:
        """Give every copy of a segment its article: an existing one, or a new one."""
        copies, size = self._run.folder.copies, item.raw.size
        held = size
        for redundancy in range(copies):
            credit = size // copies if redundancy else size - size // copies * (copies - 1)
            digest = item.hash
            if not self._shares:
                digest = digest_in_object(digest, item.raw.object.id, item.raw.index)
            known = self._known.get((digest, redundancy))
            self._segments += 1
            nonce = None
            if is_new := known is None:
                known, nonce = self._new(item, digest, redundancy), self._nonce(item)
            status = STATUSES[known.status]
            is_there = status.is_there
            row = Segment(
                object_id=item.raw.object.id,
                index=item.raw.index,
                redundancy=redundancy,
                size=size,
                hash=item.hash,
                codec=CODECS[known.codec],
                payload_size=known.payload_size,
                message_id=known.message_id,
                status=status if is_there else SegmentStatus.SENDING,
                nonce=nonce,
                by_body=known.by_body,
                headers=known.headers if is_there else self._run.open_realm.realm.headers,
            )
            self.rows.append(row)
            if is_new:
                self._send(item, row, nonce, credit, held)
                held = 0
            elif is_there:
                self._deduplicated += credit
                self._done += credit
            else:
                held = self._join(item, row, credit, held)
        self._freed += held

    def _new(self, item: PreparedSegment, digest: bytes, redundancy: int) -> KnownArticle:
        """A new article for one copy of a segment."""
        size = leaving_size(self._run.open_realm, len(item.payload))
        known = KnownArticle(
            digest, redundancy, self._random.take(16), item.codec, size, SegmentStatus.SENDING
        )
        self._known[digest, redundancy] = known
        return known

    def _nonce(self, item: PreparedSegment | None = None) -> bytes | None:
        """A fresh nonce, or the one that sealed the item, which nothing else has."""
        if item is not None and item.encoded is not None:
            return item.encoded.nonce
        return fresh_nonce(self._run, self._random.take)

    def _join(self, item: PreparedSegment, row: Segment, credit: int, held: int) -> int:
        """Share an article under way; send any other again under its own Message-ID."""
        under_way = self._ledger.under_way.get(row.message_id)
        under_way = under_way or self._mine.get(row.message_id)
        if under_way is not None:
            self._credits.append((under_way, credit))
            self._deduplicated += credit
            return held
        nonce = self.revived[row.message_id] = self._nonce()
        self._send(item, row, nonce, credit, held, again=True)
        return 0

    def _send(
        self,
        item: PreparedSegment,
        row: Segment,
        nonce: bytes | None,
        credit: int,
        held: int,
        *,
        again: bool = False,
    ) -> None:
        payload: Bytes = item.payload
        if item.codec is not row.codec:
            payload = payload_of(bytes(item.data), row.codec)
        posting = self._mine[row.message_id] = posting_of(
            self._run,
            item.raw.object,
            row,
            payload,
            path=item.raw.path,
            copies=self._run.folder.copies,
            nonce=nonce,
            credit=credit,
            held=held,
            again=again,
            encoded=item.encoded if payload is item.payload else None,
        )
        if not again:
            posting.row = RowKey(row.object_id, row.index, row.redundancy)

    @property
    def postings(self) -> list[OutgoingArticle]:
        """The articles to send, in the order in which they were planned."""
        return list(self._mine.values())

    def commit(self) -> None:
        """Count the plan, once it is on disk."""
        progress = self._run.progress
        self._ledger.under_way.update(self._mine)
        for posting, credit in self._credits:
            posting.credit += credit
            posting.row = None
        progress.segments += self._segments
        progress.deduplicated_segments += self._segments - len(self._mine)
        progress.deduplicated_bytes += self._deduplicated
        progress.done_bytes += self._done
        self._run.released(self._freed)
