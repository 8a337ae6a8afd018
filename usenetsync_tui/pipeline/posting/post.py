"""post: hands planned articles to the store, on several lanes at a time.

If an error remains after the store's own retries, the article is `failed` for this run and keeps
the store's message; the next run sends it again under the same Message-ID. If the Message-ID
already names another article, it is sent under a new one. A store that no article can reach, or a
database that is gone or full, ends the run instead.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from usenetsync_tui.errors import ArticleCollisionError, StoreError
from usenetsync_tui.model.ports.stores import OpenRealm
from usenetsync_tui.model.segments import Article, Receipt
from usenetsync_tui.pipeline.posting.ledger import Ledger, OutgoingArticle, leaving_size
from usenetsync_tui.pipeline.posting.posted import Posted
from usenetsync_tui.pipeline.run.handover import Handover
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage
from usenetsync_tui.pipeline.run.lane_queue import LaneQueue


async def post(
    run: JobRun,
    ledger: Ledger,
    stage: Stage,
    lane: int,
    queue: LaneQueue[OutgoingArticle],
    answers: Handover[Posted],
) -> None:
    """One posting lane, until the queue is closed and empty."""
    source = LaneSource(run, stage, lane, queue, answers)
    try:
        while await stage.stage_workers.may_work(lane):
            if not await queue.filled():
                stage.stage_workers.end()  # no other lane is needed any more either
                return
            await run.gate.passed()
            await answers.room()
            source.open_realm = run.open_realm
            await source.open_realm.store.post_from(source)
            while source.collided:
                await _post_renamed(run, ledger, source)
    finally:
        source.stopped = True


async def _post_renamed(run: JobRun, ledger: Ledger, source: LaneSource) -> None:
    """Post an article whose Message-ID names another one, under a new one."""
    posting = source.collided.popleft()
    await ledger.rename(run, posting)
    open_realm = run.open_realm
    try:
        receipt = await open_realm.store.post(posting.article)
    except StoreError as refusal:
        source.answer(open_realm, posting, refusal)
    else:
        source.answer(open_realm, posting, receipt)


class LaneSource:
    """What one lane posts: `model.ports.stores.PostingSource`."""

    def __init__(
        self,
        run: JobRun,
        stage: Stage,
        lane: int,
        queue: LaneQueue[OutgoingArticle],
        answers: Handover[Posted],
    ) -> None:
        self._run = run
        self._workers = stage.stage_workers
        self._lane = lane
        self._queue = queue
        self._answers = answers
        self._slot = stage.slot(lane)
        self._taken = deque[OutgoingArticle]()
        """Those without an answer, in their order."""
        self.open_realm = run.open_realm
        """Where it posts now: the user may change the headers meanwhile."""
        self.collided = deque[OutgoingArticle]()
        """Articles that need a new Message-ID before the lane may take another one."""
        self.stopped = False
        """Whether the lane's task has ended: its thread takes nothing more."""

    def next(
        self, wanted: Callable[[Article], bool] | None = None, patience: float = 0.0
    ) -> Article | None:
        """The next article; None if the run is paused, has fewer lanes, or must confirm first."""
        run = self._run
        if self.stopped or self.collided or not run.gate.is_open:
            return None
        if self._answers.is_full:
            return None
        if self._lane >= self._workers.allowed or run.open_realm is not self.open_realm:
            return None
        is_wanted = None if wanted is None else lambda posting: wanted(posting.article)
        posting = self._queue.take(is_wanted, patience)
        if posting is None:
            return None
        self._taken.append(posting)
        self._slot.begin(posting.path, posting.article.message_id.hex()[:8])
        return posting.article

    def done(self, answer: Receipt | Exception) -> None:
        """Pass the answer on."""
        posting = self._taken.popleft()
        if not self._taken:
            self._slot.end()
        if isinstance(answer, ArticleCollisionError):
            self.collided.append(posting)
        else:
            self.answer(self.open_realm, posting, answer)

    def answer(
        self, open_realm: OpenRealm, posting: OutgoingArticle, answer: Receipt | Exception
    ) -> None:
        """Record an answer of a realm's store, and free the article's bytes."""
        size = leaving_size(open_realm, len(posting.article.payload))
        posting.article = Article(posting.article.message_id, b"")
        if isinstance(answer, Receipt):
            headers = open_realm.realm.headers or 0
            receipt = Receipt(answer.server, answer.wire_size, headers)
            self._answers.put([Posted(posting, receipt, payload=size)])
        else:
            charged = getattr(answer, "charged", True)
            self._answers.put([Posted(posting, None, str(answer), size, charged)])
