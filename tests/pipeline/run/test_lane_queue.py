"""The queue between the event loop and the lanes' threads, and the way back."""

from __future__ import annotations

import threading
import time

import anyio
import pytest
from anyio import to_thread

from usenetsync_tui.model.segments import Article
from usenetsync_tui.pipeline.posting.ledger import OutgoingArticle
from usenetsync_tui.pipeline.posting.posted import Posted
from usenetsync_tui.pipeline.run.handover import Handover
from usenetsync_tui.pipeline.run.lane_queue import LaneQueue


def outgoing(number: int) -> OutgoingArticle:
    return OutgoingArticle(Article(number.to_bytes(16, "big"), b""), b"", 0, 0)


def number_of(posting: OutgoingArticle) -> int:
    return int.from_bytes(posting.article.message_id, "big")


@pytest.mark.anyio
@pytest.mark.parametrize("most", [1, 2, 7, 100])
@pytest.mark.parametrize("threads", [1, 5])
async def test_every_article_comes_out_once(most: int, threads: int) -> None:
    queue, answers, taken = LaneQueue[OutgoingArticle](most), Handover[Posted](1000, 5), list[int]()
    deepest = 0

    def lane() -> None:
        while (posting := queue.take(None, 0.05)) is not None or not is_over:
            if posting is not None:
                taken.append(number_of(posting))
                answers.put([Posted(posting, None)])

    is_over = False
    workers = [threading.Thread(target=lane) for _ in range(threads)]
    for worker in workers:
        worker.start()
    confirmed: list[int] = []

    async def confirm() -> None:
        async for batch in answers.batches(16, 0.001):
            assert len(batch) <= 16
            confirmed.extend(number_of(answer.posting) for answer in batch)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(confirm)
            for first in range(0, 300, 30):
                await queue.put(outgoing(n) for n in range(first, first + 30))
                deepest = max(deepest, queue.statistics().current_buffer_used)
            queue.close()
            while queue.statistics().current_buffer_used:  # noqa: ASYNC110 - threads empty it
                await anyio.sleep(0.001)
            is_over = True
            await to_thread.run_sync(lambda: [worker.join() for worker in workers])
            answers.close()
    assert sorted(taken) == sorted(confirmed) == list(range(300))
    assert threads > 1 or taken == list(range(300)), "in order"
    assert deepest <= most


@pytest.mark.anyio
async def test_who_puts_waits_until_there_is_room() -> None:
    queue = LaneQueue[OutgoingArticle](4)
    with anyio.move_on_after(0.1) as full:
        await queue.put(outgoing(n) for n in range(5))
    assert full.cancelled_caught and queue.statistics().current_buffer_used == 4

    def make_room() -> None:
        time.sleep(0.05)
        for _ in range(4):
            assert queue.take(None, 1.0) is not None

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(to_thread.run_sync, make_room)
            await queue.put([outgoing(5)])
    assert queue.statistics().current_buffer_used >= 1


@pytest.mark.anyio
async def test_an_article_that_is_not_wanted_stays_in_its_place() -> None:
    queue = LaneQueue[OutgoingArticle](10)
    await queue.put(outgoing(n) for n in range(6))
    odd = queue.take(lambda posting: number_of(posting) % 2 == 1, 0)
    assert odd is not None and number_of(odd) == 1
    assert queue.take(lambda posting: number_of(posting) > 9, 0.01) is None
    rest = [queue.take(None, 0) for _ in range(6)]
    assert [number_of(posting) for posting in rest if posting] == [0, 2, 3, 4, 5]


@pytest.mark.anyio
async def test_the_end_wakes_everyone_that_waits() -> None:
    queue, answers = LaneQueue[OutgoingArticle](4), Handover[Posted](10, 1)
    waited: list[bool] = []
    began = time.monotonic()

    async def lane() -> None:
        waited.append(await queue.filled())

    async def thread() -> None:
        waited.append(await to_thread.run_sync(queue.take, None, 10.0) is not None)

    async def confirm() -> None:
        waited.extend([True async for _ in answers.batches(8, 5.0)])

    async with anyio.create_task_group() as group:
        for task in (lane, lane, thread, thread, confirm):
            group.start_soon(task)
        await anyio.sleep(0.1)
        queue.close()
        answers.close()
    assert waited == [False] * 4 and time.monotonic() - began < 4


@pytest.mark.anyio
async def test_few_wake_ups_for_many_answers() -> None:
    answers, batches = Handover[Posted](1000, 5), list[int]()
    woken = 0
    call_soon = answers._loop.call_soon_threadsafe

    def counting(*call: object) -> object:
        nonlocal woken
        woken += 1
        return call_soon(*call)  # type: ignore[arg-type]

    answers._loop.call_soon_threadsafe = counting  # type: ignore[assignment,method-assign]
    try:

        def lane() -> None:
            for number in range(200):
                answers.put([Posted(outgoing(number), None)])

        async def confirm() -> None:
            batches.extend([len(batch) async for batch in answers.batches(64, 0.2)])

        async with anyio.create_task_group() as group:
            group.start_soon(confirm)
            thread = threading.Thread(target=lane)
            thread.start()
            await anyio.sleep(0.1)
            thread.join()
            answers.close()
    finally:
        del answers._loop.call_soon_threadsafe  # type: ignore[attr-defined]
    assert sum(batches) == 200 and max(batches) <= 64
    assert woken <= 3 * (200 // 64 + 2), "for the first, for enough of them, and while none waits"


@pytest.mark.anyio
async def test_lanes_wait_while_too_many_answers_wait() -> None:
    answers, most = Handover[Posted](8, 1), list[int]()

    async def lane() -> None:
        for number in range(100):
            await answers.room()
            assert not answers.is_full
            answers.put([Posted(outgoing(number), None)])
            most.append(answers.statistics().current_buffer_used)
        answers.close()

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(lane)
            count = sum([len(batch) async for batch in answers.batches(4, 0.0)])
    assert count == 100 and max(most) <= 8
