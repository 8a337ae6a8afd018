"""ledger: the articles under way in one run, and the lock for writing their rows."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import anyio

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import aliases, segments
from usenetsync_tui.catalogue.tables.objects import Progressed
from usenetsync_tui.catalogue.tables.segments import RowKey
from usenetsync_tui.codec.sealing import NONCE_SIZE, seal, sealed_size
from usenetsync_tui.model.ports.stores import OpenRealm
from usenetsync_tui.model.segments import Article, Codec
from usenetsync_tui.pipeline.run.job_run import JobRun


@dataclass(slots=True, eq=False)
class OutgoingArticle:
    """An article on its way, and the source bytes that are done when it is posted."""

    article: Article
    """As planned: it is sealed when it leaves."""
    path: bytes
    credit: int
    released: int
    """Source bytes held in memory for it."""
    codec: Codec = Codec.NONE
    nonce: bytes | None = None
    """The nonce for sealing it; None if it is not sealed."""
    row: RowKey | None = None
    """Its row; None if others may share it."""


@dataclass(slots=True)
class Ledger:
    """What plan, post, settle and confirm share: the articles under way, and the write lock.

    Whoever writes rows of existing articles holds the lock, so that a row that shares an article
    under way is recorded before that article is confirmed. Rows of new articles need no lock:
    nobody else knows them.
    """

    under_way: dict[bytes, OutgoingArticle] = field(default_factory=dict)
    lock: anyio.Lock = field(default_factory=anyio.Lock)
    begun: set[int] = field(default_factory=set)
    """Incomplete objects of large files that an earlier run did not read to their end: at most as
    many as it read at once."""
    counted: set[int] = field(default_factory=set)
    """Those of them that became complete in this run, which counted their files."""
    counts: bool = True
    """Whether its articles add to the run's figures: not if these have counted them already, nor if
    the articles are an index's."""

    def shares(self, object_id: int) -> None:
        """Note that rows of another object share articles of this one from now on."""
        for posting in self.under_way.values():
            if posting.row is not None and posting.row.object_id == object_id:
                posting.row = None

    def progressed(self, run: JobRun, changed: list[Progressed]) -> None:
        """Count the files of those objects of the run's folder that became complete."""
        if not self.counts:
            return
        ours = [o for o in changed if o.complete and o.folder_id == run.folder.id]
        run.progress.done_files += sum(o.files for o in ours)
        self.counted |= self.begun.intersection(o.id for o in ours)

    async def rename(self, run: JobRun, posting: OutgoingArticle) -> None:
        """Give an article under way a new Message-ID; the old one is kept as an alias.

        Durable when this returns. For an id that names another article, or that a server knows
        but whose article it does not deliver.
        """
        async with self.lock:
            self.under_way.pop(posting.article.message_id, None)
            async with run.catalogue.transaction(durable=True) as tx:
                await renamed(tx, run, posting)
            self.under_way[posting.article.message_id] = posting


async def renamed(tx: Transaction, run: JobRun, posting: OutgoingArticle) -> None:
    """In a transaction: give the article a new Message-ID and a new nonce."""
    posting.nonce = fresh_nonce(run)
    article = posting.article
    encoded = article.encoded if posting.nonce is None else None  # else another nonce sealed it
    new = await new_name(tx, run, article.message_id, posting.nonce)
    sealing = sealing_of(run.open_realm, posting.codec, posting.nonce, len(article.payload))
    posting.article = replace(article, message_id=new, again=False, seal=sealing, encoded=encoded)


async def new_name(tx: Transaction, run: JobRun, old: bytes, nonce: bytes | None) -> bytes:
    """In a transaction: give an article a new Message-ID, keep the old one as an alias."""
    new = secrets.token_bytes(16)
    await segments.rename(tx, old, new, nonce)
    await aliases.pass_on(tx, old, new, run.open_realm.wire_id(old))
    return new


def sealing_of(
    open_realm: OpenRealm, codec: Codec, nonce: bytes | None, payload: int
) -> Callable[[bytes], bytes] | None:
    """What seals a payload of so many bytes when it leaves; None: the realm has no key."""
    if open_realm.key is None or nonce is None:
        return None
    size = leaving_size(open_realm, payload) if open_realm.padded_to else 0
    return partial(seal, open_realm.key, nonce, codec, size=size)


def leaving_size(open_realm: OpenRealm, payload: int) -> int:
    """Size in bytes of a payload as it is sent: sealed and padded, if the realm does that."""
    return payload if open_realm.key is None else sealed_size(payload, open_realm.padded_to)


def fresh_nonce(run: JobRun, draw: Callable[[int], bytes] = secrets.token_bytes) -> bytes | None:
    """A random nonce for a sealed realm; None for any other. `draw`: makes so many random bytes."""
    return draw(NONCE_SIZE) if run.open_realm.key is not None else None
