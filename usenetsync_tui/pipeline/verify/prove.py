"""prove: fetches articles and checks that their bytes are those that were posted.

A server may answer that it has an article and still not deliver it: only the bytes are proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

import anyio

from usenetsync_tui.errors import ArticleCorruptError, ArticleMissingError, StoreError
from usenetsync_tui.model.ports.stores import OpenRealm
from usenetsync_tui.model.segments import Segment
from usenetsync_tui.pipeline.run.fetch import opened
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.run.worker_counts import most_lanes

_AT_ONCE = 8
"""Most articles fetched at once: each is in memory twice, encoded and decrypted."""


@dataclass(slots=True)
class Proof:
    """The result of fetching some articles, by Message-ID; those not reached are in no set."""

    there: set[bytes] = field(default_factory=set)
    missing: set[bytes] = field(default_factory=set)
    damaged: set[bytes] = field(default_factory=set)
    unknown: dict[bytes, str] = field(default_factory=dict)
    """Articles that could not be fetched now, with the reason."""

    def fetched(self, name: bytes, failure: Exception | None) -> None:
        """Record the result of fetching an article; raises what is not about one article."""
        match failure:
            case None:
                self.there.add(name)
            case ArticleMissingError():
                self.missing.add(name)
            case ArticleCorruptError():
                self.damaged.add(name)
            case StoreError():
                self.unknown[name] = str(failure)
            case _:
                raise failure

    def knows(self, name: bytes) -> bool:
        """Whether an article was reached."""
        return any(
            name in found for found in (self.there, self.missing, self.damaged, self.unknown)
        )


async def prove(run: JobRun, open_realm: OpenRealm, articles: Iterable[Segment]) -> Proof:
    """Fetch articles of a realm, each Message-ID once; stops early when the run drains.

    `StoreUnusableError` when no article at all can be fetched.
    """
    proof = Proof()
    todo = iter({a.message_id: a for a in articles}.values())
    workers = open_realm.store.lanes or run.limits.max_workers
    workers = min(_AT_ONCE, workers, most_lanes(run.limits))
    try:
        async with anyio.create_task_group() as group:
            for _ in range(workers):
                group.start_soon(_prove_some, run, open_realm, todo, proof)
    except ExceptionGroup as several:
        raise several.exceptions[0] from None
    return proof


async def _prove_some(
    run: JobRun, open_realm: OpenRealm, todo: Iterator[Segment], proof: Proof
) -> None:
    for article in todo:
        await run.gate.passed()
        if run.draining:
            return
        how = partial(opened, segment=article, open_realm=open_realm)
        failure: StoreError | None = None
        try:
            async with run.budget.holding(article.size):
                await open_realm.store.fetch(article.message_id, opened=how)
        except StoreError as error:
            failure = error
        proof.fetched(article.message_id, failure)
