"""What one lane may take from the queue, and when it must stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from worlds import World

from usenetsync_tui.errors import ArticleCollisionError, StoreError
from usenetsync_tui.model.segments import Article, Receipt
from usenetsync_tui.pipeline.posting.ledger import OutgoingArticle
from usenetsync_tui.pipeline.posting.post import LaneSource
from usenetsync_tui.pipeline.posting.posted import Posted
from usenetsync_tui.pipeline.run.handover import Handover
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage
from usenetsync_tui.pipeline.run.lane_queue import LaneQueue


class Lane:
    """The second of four lanes, with three articles before it."""

    def __init__(self, run: JobRun) -> None:
        self.run = run
        self.queue, self.answers = LaneQueue[OutgoingArticle](9), Handover[Posted](2, 4)
        self.workers = run.worker_counts.of_stage("post", lambda workers: workers)
        stage = Stage("post", self.workers, self.queue)
        self.source = LaneSource(run, stage, 1, self.queue, self.answers)

    async def fill(self) -> None:
        await self.queue.put(
            OutgoingArticle(Article(bytes([n]) * 16, b"payload"), b"", 0, 0) for n in range(3)
        )


@pytest.fixture
async def lane(world: World) -> Lane:
    (world.root / "file").write_bytes(b"x")
    run = await world.new_run()
    run.worker_counts.allowed = 4
    made = Lane(run)
    await made.fill()
    return made


def answer(lane: Lane) -> None:
    lane.answers.put([Posted(OutgoingArticle(Article(bytes(16), b""), b"", 0, 0), None)])


def pause(lane: Lane) -> None:
    lane.run.gate.close()


def lower(lane: Lane) -> None:
    lane.run.worker_counts.allowed = 1


def new_headers(lane: Lane) -> None:
    lane.run.open_realm = replace(lane.run.open_realm)


def many_answers(lane: Lane) -> None:
    answer(lane)
    answer(lane)


def end(lane: Lane) -> None:
    lane.source.stopped = True


@pytest.mark.anyio
@pytest.mark.parametrize("reason", [pause, lower, new_headers, many_answers, end])
async def test_a_lane_takes_nothing_while_it_must_stop(
    lane: Lane, reason: Callable[[Lane], None]
) -> None:
    assert lane.source.next() is not None
    lane.source.done(Receipt())
    reason(lane)
    assert lane.source.next() is None
    assert lane.queue.statistics().current_buffer_used == 2, "it stays for other lanes"


@pytest.mark.anyio
async def test_a_collision_stops_the_lane_until_the_article_has_another_name(lane: Lane) -> None:
    assert lane.source.next() is not None
    lane.source.done(ArticleCollisionError("one: 441 435 Duplicate"))
    assert lane.source.next() is None
    assert [p.article.message_id for p in lane.source.collided] == [bytes(16)]
    assert lane.answers.statistics().current_buffer_used == 0, "it has no answer yet"


@pytest.mark.anyio
async def test_articles_that_were_taken_together_are_answered_in_order(lane: Lane) -> None:
    taken = [lane.source.next() for _ in range(3)]
    for answer in ArticleCollisionError("441"), Receipt("one"), ArticleCollisionError("441"):
        lane.source.done(answer)
    names = [article.message_id for article in taken if article is not None]
    assert [p.article.message_id for p in lane.source.collided] == [names[0], names[2]]
    lane.answers.close()
    ((posted,),) = [batch async for batch in lane.answers.batches(9, 0.0)]
    assert posted.posting.article.message_id == names[1]


@pytest.mark.anyio
@pytest.mark.parametrize("charged", [True, False])
async def test_an_answer_frees_the_payload_and_keeps_its_size(lane: Lane, charged: bool) -> None:
    first = lane.source.next()
    assert first is not None and first.payload == b"payload"
    refusal = StoreError("441 no")
    refusal.charged = charged
    lane.source.done(refusal)
    lane.answers.close()
    ((posted,),) = [batch async for batch in lane.answers.batches(9, 0.0)]
    assert (posted.error, posted.charged, posted.payload) == (str(refusal), charged, 7)
    assert posted.posting.article.payload == b""
