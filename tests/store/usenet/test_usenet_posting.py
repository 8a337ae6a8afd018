"""Posting: every fault alone, and in random sequences. One article, one Message-ID, no loss."""

from __future__ import annotations

import random

import anyio
import pytest
from scripted_server import Fault, ScriptedServer
from usenet_ground import PAYLOAD, STYLE, KnownAliases, article, configured, name, opened, wire_id

from usenetsync_tui.errors import (
    ArticleCollisionError,
    StoreError,
    StoreUnavailableError,
    StoreUnusableError,
)
from usenetsync_tui.model.segments import Article
from usenetsync_tui.model.servers.servers import Role, ServerState
from usenetsync_tui.store.usenet.store import UsenetServers, UsenetStore

FAULTS = {
    "lost before 340": [Fault.drop_before_340()],
    "lost before 340, a new connection too": [Fault.drop_before_340()] * 2,
    "lost in the body": [Fault.drop_in_body()],
    "lost after the body, article lost": [Fault.drop_after_body(keep=False)],
    "lost after the body, article kept": [Fault.drop_after_body(keep=True)],
    "lost twice": [Fault.drop_after_body(keep=True), Fault("STAT", close=True)],
    "400 in the body": [Fault.session_over_in_body()],
    "400 after the body": [Fault("article", reply="400 Going down", close=True)],
    "400 after the body, article kept": [Fault("article", "400 Down", keep=True, close=True)],
    "400 instead of 340": [Fault("POST", reply="400 Idle timeout", close=True)],
    "503 after the body, article kept": [Fault("article", reply="503 Program fault", keep=True)],
    "kept, then a duplicate": [Fault.duplicate(keep=True)],
    "no answer to POST": [Fault.never_answers("POST")],
    "no answer to the article": [Fault.never_answers("article")],
    "no answer to the article, kept": [Fault.never_answers("article", keep=True)],
    "480 instead of 340": [Fault.login_needed("POST")],
    "440 now and then": [Fault("POST", reply="440 Too fast")],
    "441 now and then": [Fault("article", reply="441 Posting failed")] * 2,
    "441 retry later": [Fault("article", reply="441 Try again later")],
    "441 date": [Fault("article", reply="441 437 Too old")],
    "garbage instead of 340": [Fault.garbage("POST")],
    "garbage instead of 240": [Fault.garbage("article")],
    "garbage instead of 240, kept": [Fault.garbage("article", keep=True)],
    "an endless line": [Fault.endless("POST")],
    "a slow answer": [Fault("POST", wait=0.2), Fault("article", wait=0.2)],
    "400 greeting": [Fault("connect", reply="400 Busy", close=True)],
    "502 greeting": [Fault("connect", reply="502 Busy", close=True)],
    "no greeting": [Fault("connect", close=True)],
    "garbage greeting": [Fault.garbage("connect")],
}


@pytest.mark.anyio
@pytest.mark.parametrize("faults", FAULTS.values(), ids=list(FAULTS))
async def test_each_fault_alone(faults: list[Fault]) -> None:
    login = ("bob", "secret")
    with ScriptedServer(faults=faults, login=login) as scripted:
        server = configured(scripted, username="bob", password="secret", timeout=0.5)
        async with opened(server) as store:
            receipt = await store.post(article(1))
            assert receipt.server == "one"
            assert len(PAYLOAD) < receipt.wire_size == len(scripted.articles[wire_id(1)])
            assert scripted.waiting == []
            assert scripted.posted == [wire_id(1)]
            assert await store.fetch(name(1)) == article(1).payload


def _random_faults(dice: random.Random, count: int) -> list[Fault]:
    makers = [
        Fault.drop_before_340,
        Fault.drop_in_body,
        Fault.session_over_in_body,
        lambda: Fault.drop_after_body(keep=dice.random() < 0.5),
        lambda: Fault("article", reply="400 Down", keep=dice.random() < 0.5, close=True),
        lambda: Fault.garbage("article", keep=dice.random() < 0.5),
        lambda: Fault.garbage("POST"),
        lambda: Fault.duplicate(keep=True),
        lambda: Fault.login_needed(dice.choice(["POST", "STAT"])),
        lambda: Fault("article", reply="441 Posting failed"),
        lambda: Fault("article", reply="441 437 Too old"),
        lambda: Fault("POST", reply="440 Too fast"),
        lambda: Fault("STAT", reply="503 Broken"),
        lambda: Fault("STAT", close=True),
        lambda: Fault("BODY", close=True),
        lambda: Fault.never_answers("article", keep=dice.random() < 0.5),
        lambda: Fault("connect", close=True),
        lambda: Fault("connect", reply="400 Busy", close=True),
        lambda: Fault("MODE", close=True),
        lambda: Fault("AUTHINFO", close=True),
    ]
    return [dice.choice(makers)() for _ in range(count)]


@pytest.mark.anyio
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
async def test_random_sequences_of_faults(seed: int) -> None:
    dice = random.Random(seed)
    faults = _random_faults(dice, 25)
    with ScriptedServer(faults=faults, login=("bob", "secret")) as scripted:
        scripted.split = dice.choice([0, 0, 3, 1_000])
        server = configured(scripted, username="bob", password="secret", timeout=0.5)
        # One article may meet all faults: it gets as many tries as there are faults.
        async with opened(server, tries=len(faults) + 1) as store:
            async with anyio.create_task_group() as group:
                for number in range(40):
                    group.start_soon(store.post, article(number))
            assert sorted(scripted.posted) == sorted(wire_id(n) for n in range(40))
            found = await store.present([name(n) for n in range(41)])
            assert found.there == {name(n) for n in range(40)}
            for number in range(40):
                assert await store.fetch(name(number)) == article(number).payload


@pytest.mark.anyio
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
async def test_random_sequences_of_faults_on_two_servers(seed: int) -> None:
    dice = random.Random(1_000 + seed)
    first, second = _random_faults(dice, 20), _random_faults(dice, 20)
    login = {"username": "bob", "password": "secret", "timeout": 0.5}
    with (
        ScriptedServer(faults=first, login=("bob", "secret")) as one,
        ScriptedServer(faults=second, login=("bob", "secret")) as two,
    ):
        servers = (
            configured(one, **login),
            configured(two, name="two", priority=dice.choice([0, 1]), **login),
        )
        async with opened(*servers, tries=len(first) + 1) as store:
            async with anyio.create_task_group() as group:
                for number in range(30):
                    spread, copy = divmod(number, 2)
                    again = dice.random() < 0.3
                    posted = article(number, spread=spread, redundancy=copy, again=again)
                    group.start_soon(store.post, posted)
            wanted = {wire_id(n) for n in range(30)}
            assert set(one.posted) | set(two.posted) == wanted
            assert len(set(one.posted)) == len(one.posted)
            assert len(set(two.posted)) == len(two.posted)
            for number in range(30):
                assert await store.fetch(name(number)) == article(number).payload


@pytest.mark.anyio
async def test_an_article_in_doubt_is_checked_before_it_is_sent_again() -> None:
    with ScriptedServer(faults=[Fault.drop_after_body(keep=True)]) as scripted:
        async with opened(configured(scripted)) as store:
            await store.post(article(1))
        assert (scripted.commands["POST"], scripted.commands["STAT"]) == (1, 1)


@pytest.mark.anyio
async def test_an_article_that_cannot_be_seen_yet_is_a_duplicate() -> None:
    with ScriptedServer(faults=[Fault.drop_after_body(keep=True)]) as scripted:
        scripted.stat_delay = 60.0
        async with opened(configured(scripted)) as store:
            await store.post(article(1))
        assert scripted.commands["POST"] == 2
        assert scripted.posted == [wire_id(1)]


@pytest.mark.anyio
async def test_ambiguous_at_start_up() -> None:
    with ScriptedServer() as scripted:
        async with opened(configured(scripted)) as store:
            await store.post(article(1))
            scripted.stat_delay = 60.0
            await store.post(article(1, again=True))
            assert scripted.commands["POST"] == 1
            scripted.poisoned.add(wire_id(1))
            await store.post(article(1, again=True))
            assert scripted.commands["POST"] == 2
            await store.post(article(2, again=True))
        assert scripted.posted == [wire_id(1), wire_id(2)]


@pytest.mark.anyio
async def test_a_duplicate_on_a_first_send_is_a_collision() -> None:
    with ScriptedServer(faults=[Fault.duplicate(keep=False)]) as scripted:
        async with opened(configured(scripted)) as store:
            with pytest.raises(ArticleCollisionError, match="one: 441 435 Duplicate"):
                await store.post(article(1))
            scripted.poisoned.add(wire_id(2))
            with pytest.raises(ArticleCollisionError):
                await store.post(article(2))
            scripted.keep(wire_id(3), b"Subject: other\r\n\r\nnot ours\r\n")
            with pytest.raises(ArticleCollisionError):
                await store.post(article(3))


@pytest.mark.anyio
async def test_another_id_is_adopted_before_the_receipt() -> None:
    with ScriptedServer(faults=[Fault.other_id("theirs@server")]) as scripted:
        async with UsenetServers([configured(scripted)]) as servers:
            aliases = KnownAliases()
            store = UsenetStore(servers, STYLE, aliases)
            await store.post(article(1))
            assert aliases.ids == {name(1): ["theirs@server"]}
            assert (await store.present([name(1), name(2)])).there == {name(1)}
            assert await store.fetch(name(1)) == article(1).payload
        assert scripted.posted == ["theirs@server"]


@pytest.mark.anyio
async def test_too_large_is_reported_at_once() -> None:
    with ScriptedServer() as scripted:
        async with opened(configured(scripted, max_article=15_000)) as store:
            with pytest.raises(
                StoreError, match=r"^The article has 21,\d{3} .*15,000.*max_article"
            ) as caught:
                await store.post(article(1))
            assert not caught.value.retryable
        assert scripted.posted == []
        # Once; the server may not have read it yet.
        assert scripted.commands["POST"] <= 1


@pytest.mark.anyio
async def test_too_large_for_the_server() -> None:
    said = "441 Article is bigger than local limit of 10000 bytes"
    with ScriptedServer(faults=[Fault("article", reply=said, times=9)]) as scripted:
        async with opened(configured(scripted)) as store:
            with pytest.raises(StoreError, match="local limit"):
                await store.post(article(1))
        assert scripted.commands["POST"] == 1


@pytest.mark.anyio
@pytest.mark.parametrize("words", ["437 Unwanted newsgroup alt.test", "Unapproved"])
async def test_a_newsgroup_on_no_server_stops_the_job(words: str) -> None:
    with ScriptedServer(faults=[Fault("article", reply=f"441 {words}")]) as scripted:
        async with opened(configured(scripted)) as store:
            with pytest.raises(StoreUnusableError, match=words):
                await store.post(article(1))
        assert scripted.commands["POST"] == 1


@pytest.mark.anyio
async def test_no_date_when_the_date_is_refused() -> None:
    with ScriptedServer(faults=[Fault("article", reply="441 Article in the future")]) as scripted:
        async with opened(configured(scripted)) as store:
            await store.post(article(1))
            await store.post(article(2))
        assert b"\r\nDate: " not in scripted.articles[wire_id(1)]
        assert b"\r\nDate: " in scripted.articles[wire_id(2)]


@pytest.mark.anyio
async def test_a_refusal_without_reason_is_tried_everywhere_then_reported() -> None:
    refusal = Fault("article", reply="441 Computer says no", times=99)
    with ScriptedServer(faults=[refusal]) as one, ScriptedServer(faults=[refusal]) as two:
        servers = configured(one), configured(two, name="two", priority=1)
        async with opened(*servers) as store:
            with pytest.raises(StoreError, match="two: 441 Computer says no") as caught:
                await store.post(article(1))
            assert not caught.value.retryable
        assert (one.commands["POST"], two.commands["POST"]) == (3, 3)


@pytest.mark.anyio
async def test_another_server_takes_a_refused_article() -> None:
    refusal = Fault("article", reply="441 Computer says no", times=99)
    with ScriptedServer(faults=[refusal]) as one, ScriptedServer() as two:
        servers = configured(one), configured(two, name="two", priority=1)
        async with opened(*servers) as store:
            assert (await store.post(article(1))).server == "two"


@pytest.mark.anyio
async def test_an_unsettled_article_asks_its_own_server_first_then_the_next() -> None:
    lost = Fault("article", close=True, times=99)
    with ScriptedServer(faults=[lost]) as one, ScriptedServer() as two:
        servers = configured(one), configured(two, name="two")
        async with opened(*servers) as store:
            receipts = [await store.post(article(n)) for n in range(4)]
        assert {r.server for r in receipts} == {"two"}
        assert sorted(two.posted) == sorted(wire_id(n) for n in range(4))
        assert one.commands["STAT"] > 0


@pytest.mark.anyio
async def test_an_article_never_answered_for_is_unavailable_not_refused() -> None:
    with ScriptedServer(faults=[Fault("article", close=True, times=99)]) as scripted:
        async with opened(configured(scripted)) as store:
            with pytest.raises(StoreUnavailableError, match="one: the server closed"):
                await store.post(article(1))
        assert scripted.commands["POST"] == 3


@pytest.mark.anyio
async def test_a_server_that_forbids_posting_is_not_asked_again() -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        one.greeting = one.mode_reader = "201 No posting"
        two.script(Fault("POST", reply="440 Posting not allowed", times=99))
        servers = configured(one), configured(two, name="two")
        async with opened(*servers) as store:
            with pytest.raises(StoreUnusableError, match=r"201.*440 Posting not allowed"):
                await store.post(article(1))
            with pytest.raises(StoreUnusableError):
                await store.post(article(2))
            assert (await store.present([name(1)])).there == set()
            states = {status.state for status in store.pool.statuses()}
            assert states == {ServerState.UP}
        assert two.commands["POST"] == 1


@pytest.mark.anyio
async def test_posting_that_is_allowed_after_the_login() -> None:
    with ScriptedServer(login=("bob", "secret")) as scripted:
        scripted.greeting = scripted.mode_reader = "201 Log in to post"
        async with opened(configured(scripted, username="bob", password="secret")) as store:
            await store.post(article(1))
        assert scripted.commands["CAPABILITIES"] == 0  # POST itself shows it


@pytest.mark.anyio
async def test_a_further_copy_goes_to_another_server() -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        servers = configured(one), configured(two, name="two", priority=1)
        async with opened(*servers) as store:
            for number in range(4):
                await store.post(article(number, spread=7))
                await store.post(article(100 + number, spread=7, redundancy=1))
        assert one.posted == [wire_id(n) for n in range(4)]
        assert two.posted == [wire_id(100 + n) for n in range(4)]


@pytest.mark.anyio
async def test_copies_spread_over_equal_servers() -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        servers = configured(one), configured(two, name="two")
        async with opened(*servers) as store:
            for spread in range(4):
                receipts = {
                    (
                        await store.post(article(spread * 2 + copy, spread=spread, redundancy=copy))
                    ).server
                    for copy in range(2)
                }
                assert receipts == {"one", "two"}
        assert len(one.posted) == len(two.posted) == 4
        assert {wire_id(0), wire_id(3)} <= set(one.posted)


@pytest.mark.anyio
async def test_a_further_copy_goes_where_it_can() -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        two.greeting = "400 Busy"
        servers = configured(one), configured(two, name="two", priority=1)
        async with opened(*servers) as store:
            assert (await store.post(article(1, spread=0, redundancy=1))).server == "one"


@pytest.mark.anyio
async def test_every_byte_arrives() -> None:
    payloads = [b"", b".", b".\r\n.\r\n", b"\r\n.\r\n" * 99, bytes(range(256)) * 9, b"\x13" * 999]
    with ScriptedServer() as scripted:
        async with opened(configured(scripted)) as store:
            for number, payload in enumerate(payloads):
                await store.post(Article(name(number), payload))
                assert await store.fetch(name(number)) == payload


@pytest.mark.anyio
async def test_roles_that_no_server_has() -> None:
    with ScriptedServer() as scripted:
        async with opened(configured(scripted, roles=frozenset({Role.FETCH}))) as store:
            with pytest.raises(StoreUnusableError, match="'post'"):
                await store.post(article(1))
