"""A server that refuses every article with the same reply is at fault, not the articles."""

from __future__ import annotations

import anyio
import pytest
from scripted_server import Fault, ScriptedServer
from usenet_ground import POSTS, article, configured, opened, wire_id

from usenetsync_tui.errors import StoreError, StoreUnusableError
from usenetsync_tui.model.servers.servers import Server, ServerState
from usenetsync_tui.store.usenet.pool.health import Health
from usenetsync_tui.store.usenet.store import UsenetStore

WORDS = [
    "441 Posting failed",
    "441 Your From is not allowed here",
    "441 437 Too old, it is from 1970",
    "441 435 Duplicate",
    "441 Article is bigger than 10 bytes",
    "437 Article rejected by the filter",
]


async def post_some(store: UsenetStore, numbers: range) -> list[StoreError | StoreUnusableError]:
    """Post until the server is reported as at fault, as an upload does."""
    errors: list[StoreError | StoreUnusableError] = []
    for number in numbers:
        try:
            await store.post(article(number))
        except StoreError as error:
            errors.append(error)
        except StoreUnusableError as error:
            return [*errors, error]
    return errors


@pytest.mark.anyio
@pytest.mark.parametrize("words", WORDS)
async def test_it_is_stopped_early_with_its_reply(words: str) -> None:
    with ScriptedServer() as one:
        one.refuses = lambda _: words
        async with opened(configured(one, name="main")) as store:
            errors = await post_some(store, range(60))
            assert isinstance(errors[-1], StoreUnusableError)
            assert f"127.0.0.1 refuses every article: {words}" in str(errors[-1])
            assert not any(e.charged for e in errors if isinstance(e, StoreError))
            with pytest.raises(StoreUnusableError):
                await store.post(article(99))
        # The first article three times, the others once; if the date may be at fault, once more.
        assert one.commands["POST"] <= (30 if "old" in words else 20)


@pytest.mark.anyio
async def test_many_at_once() -> None:
    with ScriptedServer() as one:
        one.refuses = lambda _: "441 No"
        failed: list[StoreError] = []

        async def post(store: UsenetStore, number: int) -> None:
            with pytest.raises((StoreError, StoreUnusableError)) as caught:
                await store.post(article(number))
            if isinstance(caught.value, StoreError):
                failed.append(caught.value)

        async with opened(configured(one, connections=6, roles=POSTS)) as store:
            async with anyio.create_task_group() as group:
                for number in range(80):
                    group.start_soon(post, store, number)
        assert one.commands["POST"] < 30
        assert not any(failure.charged for failure in failed)


@pytest.mark.anyio
async def test_the_other_server_takes_them_all() -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        one.refuses = lambda _: "441 No"
        async with opened(configured(one), configured(two, name="two", priority=1)) as store:
            assert await post_some(store, range(30)) == []
        assert len(two.posted) == 30
        assert one.commands["POST"] <= 20


@pytest.mark.anyio
async def test_articles_that_a_server_does_not_like_among_others_are_their_own_trouble() -> None:
    with ScriptedServer() as one:
        bad = {wire_id(number) for number in range(0, 40, 2)}
        one.refuses = lambda a: "441 No" if any(i.encode() in a for i in bad) else None
        async with opened(configured(one)) as store:
            await store.post(article(1))
            errors = await post_some(store, range(2, 40))
            assert len(errors) == 19
            assert all(isinstance(e, StoreError) and e.charged for e in errors)
            assert store.pool.statuses()[0].state is ServerState.UP


@pytest.mark.anyio
async def test_a_different_reply_for_each_concerns_each_article() -> None:
    with ScriptedServer() as one:
        words = iter("abcdefghijklmnopqrstuvwxyz" * 4)
        one.refuses = lambda _: f"441 No, for the reason {next(words)}"
        async with opened(configured(one)) as store:
            errors = await post_some(store, range(15))
        assert [type(error) for error in errors] == [StoreError] * 15


@pytest.mark.anyio
async def test_the_user_may_have_it_tried_again() -> None:
    with ScriptedServer() as one:
        one.refuses = lambda _: "441 No"
        async with opened(configured(one)) as store:
            await post_some(store, range(30))
            one.refuses = lambda _: None
            store.pool.release("one")
            await store.post(article(77))


@pytest.mark.anyio
async def test_single_refusals_at_the_start_do_not_count() -> None:
    with ScriptedServer(faults=[Fault("article", reply="441 Posting failed", times=2)]) as one:
        async with opened(configured(one)) as store:
            await store.post(article(1))


def test_one_that_took_articles_before_rests() -> None:
    health = Health(Server("one", "host", 563))
    health.answered(0.0)
    health.took_an_article()
    for number in range(9):
        assert not health.refused_article(bytes([number]), f"441 No <{number}@x>", 0.0)
    assert health.refused_article(b"x", "441 No <9@x>", 0.0)
    assert (health.state, health.unfit) == (ServerState.PAUSED, {})
    assert "host refuses every article: 441 No" in health.message
