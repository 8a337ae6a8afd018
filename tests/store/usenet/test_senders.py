"""A process that sends articles does what a lane does itself, whatever the server answers."""

from __future__ import annotations

import gc
import os
import select
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from helper_processes import await_ends, helpers_of, is_alive
from scripted_server import Fault, ScriptedServer
from sending_ground import COUNT, FAULTS, Listed, posted, ready, shared
from usenet_ground import POSTS, article, configured, name, opened, wire_id
from worlds import until

from usenetsync_tui.errors import ArticleCollisionError
from usenetsync_tui.model.segments import Receipt
from usenetsync_tui.store.usenet import posting_lane
from usenetsync_tui.store.usenet.connection.sending import sender

pytestmark = pytest.mark.anyio

WAITS = """
import os, time
from helper_processes import helpers_of
from sending_ground import shared
from usenetsync_tui.store.usenet.connection.sending.sender import Senders
memory, senders = shared(1)[0].encoded.memory, Senders()
while senders.of(memory) is None:
    time.sleep(0.01)
print(*helpers_of(os.getpid(), "sending"), flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("at", [0, 3, 11])
@pytest.mark.parametrize("fault", FAULTS)
async def test_it_does_what_a_lane_does(
    fault: str, at: int, by_process: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting_lane, "_BURST", 10.0)  # always as many as may be
    outcomes = []
    for articles in [article(n) for n in range(COUNT)], shared():
        strikes = FAULTS[fault]
        faults = [] if strikes is None else [replace(strikes, after=at)]
        with ScriptedServer(faults=faults, login=("user", "secret")) as server:
            server.split = 3 if at == 3 else 0
            settings = configured(
                server, connections=1, roles=POSTS, timeout=0.5, username="user", password="secret"
            )
            outcomes.append(await posted(server, settings, articles))
    here, elsewhere = outcomes
    assert sum(by_process) >= COUNT - 2 and max(by_process) > 1, "the process sent nearly all"
    if fault == "two offers":  # the process is stricter: the article does not leave
        elsewhere.commands = here.commands
    assert elsewhere == here
    assert len(set(elsewhere.posted)) == len(elsewhere.posted), "nothing was posted twice"


@pytest.mark.parametrize("at", [0, 1, 7])
async def test_two_collisions_of_one_burst_are_both_answered(at: int) -> None:
    strikes = replace(Fault.duplicate(keep=False), after=at, times=2)
    with ScriptedServer(faults=[strikes]) as server:
        source = Listed(shared())
        async with opened(configured(server, connections=1, roles=POSTS)) as store:
            await ready(store, source.waiting)
            while source.waiting:
                await store.post_from(source)
    failed = [m for m, a in source.answers.items() if isinstance(a, ArticleCollisionError)]
    assert failed == [name(at), name(at + 1)] and len(source.answers) == COUNT


async def test_killed_in_the_middle_it_costs_no_article(by_process: list[int]) -> None:
    killed = []

    def kill(article: bytes) -> None:
        if len(server.posted) >= 5 and not killed:
            killed.extend(helpers_of(os.getpid(), "sending"))
            for process in killed:
                os.kill(process, signal.SIGKILL)

    with ScriptedServer() as server:
        server.refuses = kill
        source = Listed(shared())
        async with opened(configured(server, connections=1, roles=POSTS)) as store:
            await ready(store, source.waiting)
            while source.waiting:
                await store.post_from(source)
    assert killed and by_process
    assert all(isinstance(a, Receipt) for a in source.answers.values())
    assert sorted(server.posted) == sorted(wire_id(n) for n in range(COUNT))


def test_it_ends_when_the_upload_is_killed() -> None:
    # No article may leave after the upload: the next one asks for those that may have left.
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", WAITS], stdout=subprocess.PIPE, text=True, env=environment
    ) as upload:
        assert upload.stdout is not None
        processes = [int(pid) for pid in upload.stdout.readline().split()]
        assert processes and all(map(is_alive, processes))
        upload.kill()
    await_ends(processes)


def test_its_end_ends_the_wait_for_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    process, poll = sender.Sender(), select.poll

    def late() -> object:
        process._stop()
        return poll()

    monkeypatch.setattr(sender.select, "poll", late)
    process.await_start(60.0)
    assert process.is_over and not process.is_ready
    process.await_end()


@pytest.mark.parametrize("fault", ["no fault", "refused", "kept", "collision", "garbage"])
async def test_it_ends_with_its_memory(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that came of an article holds it in a cycle, until Python looks for cycles."""
    earlier = helpers_of(os.getpid(), "sending")
    strikes = FAULTS[fault]
    with ScriptedServer(faults=[] if strikes is None else [strikes]) as server:
        articles = shared()
        async with opened(configured(server, connections=1, roles=POSTS)) as store:
            await ready(store, articles)
            source = Listed(articles)
            monkeypatch.setattr(source, "done", lambda answer: None)
            gc.disable()
            try:
                while source.waiting:
                    await store.post_from(source)
                process = set(helpers_of(os.getpid(), "sending")).difference(earlier)
                assert process
                articles.clear()
                del source
                await until(lambda: not any(map(is_alive, process)))
            finally:
                gc.enable()
            await store.post(article(COUNT))


async def test_a_closed_connection_is_closed_for_the_process_too() -> None:
    with ScriptedServer() as server:
        articles = shared()
        async with opened(configured(server, connections=1, roles=POSTS)) as store:
            await ready(store, articles)
            await store.post_from(Listed(articles))
            pool = store.pool  # type: ignore[attr-defined]
            pool.hold("one")
            await until(lambda: not server.open)
            assert helpers_of(os.getpid(), "sending"), "it is still there"


async def test_slow_articles_are_sent_here(by_process: list[int]) -> None:
    with ScriptedServer() as server:
        server.latency = 0.1
        articles = shared(6)
        async with opened(configured(server, connections=1, roles=POSTS)) as store:
            await ready(store, articles)
            source = Listed(articles)
            while source.waiting:
                await store.post_from(source)
    assert by_process == [1], "a pause would wait for more of them"


@pytest.mark.parametrize("limit", ["all", "one"])
async def test_a_limit_keeps_them_here(limit: str, by_process: list[int]) -> None:
    with ScriptedServer() as server:
        articles = shared(3)
        settings = configured(server, connections=1, roles=POSTS)
        async with opened(settings) as store:
            await ready(store, articles)
            pool = store.pool  # type: ignore[attr-defined]
            if limit == "all":
                pool.set_bandwidth_limit(10_000_000)
            else:
                pool.set_server_bandwidth_limit("one", 10_000_000)
            await store.post_from(Listed(articles))
    assert len(server.posted) == 3 and not by_process
