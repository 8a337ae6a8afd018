"""A process that sends articles does what a lane does itself, whatever the server answers."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from helper_processes import await_ends, helpers_of, is_alive
from scripted_server import Fault, ScriptedServer
from trees import content
from usenet_ground import POSTS, article, configured, name, opened, wire_id
from worlds import until

from usenetsync_tui.codec.yenc import encoded_lines
from usenetsync_tui.errors import ArticleCollisionError
from usenetsync_tui.model.segments import Article, Encoded, Receipt
from usenetsync_tui.model.servers.servers import Server
from usenetsync_tui.pipeline.upload.slice_readers.slots import Slots, slot_size
from usenetsync_tui.store.usenet import posting_lane
from usenetsync_tui.store.usenet.connection.connection import Connection
from usenetsync_tui.store.usenet.connection.posting_session import Together
from usenetsync_tui.store.usenet.connection.sending.messages import SharedArticle
from usenetsync_tui.store.usenet.connection.sending.sender import Sender
from usenetsync_tui.store.usenet.store import UsenetStore

pytestmark = pytest.mark.anyio

COUNT = 20
FAULTS = {
    "no fault": None,
    "refused": Fault("article", reply="441 posting failed", times=3),
    "refused once": Fault("article", reply="441 try again later"),
    "kept": Fault.drop_after_body(keep=True),
    "lost": Fault.drop_after_body(keep=False),
    "before": Fault.drop_before_340(),
    "in body": Fault.drop_in_body(),
    "over in body": Fault.session_over_in_body(),
    "reset": Fault("in-body", reset=True),
    "collision": Fault.duplicate(keep=False),
    "identical": Fault.duplicate(keep=True),
    "adopted": Fault.other_id("another@id"),
    "named": Fault("article", reply="240 stored <{}> and <another@id>", keep=True),
    "400": Fault("POST", reply="400 bye", close=True),
    "not now": Fault("POST", reply="440 not now"),
    "502": Fault("POST", reply="502 go away", close=True),
    "login": Fault.login_needed("POST"),
    "login after it": Fault.login_needed("article"),
    "garbage": Fault.garbage("POST"),
    "garbage after it": Fault.garbage("article", keep=True),
    "endless": Fault.endless("POST"),
    "endless after it": Fault.endless("article"),
    "two answers": Fault("article", reply="240 ok\r\n240 ok", keep=True),
    "two offers": Fault("POST", reply="340 go on\r\n340 go on"),
    "another answer": Fault("POST", reply="240 ok"),
    "bare": Fault("article", reply="240", keep=True),
    "silent": Fault.never_answers("POST"),
    "silent after it": Fault.never_answers("article", keep=True),
}


WAITS = """
import os, time, test_senders as t
memory = t.shared(1)[0].encoded.memory
sender = t.Sender(memory)
while not sender.is_ready:
    time.sleep(0.01)
print(*t.helpers_of(os.getpid(), "sending"), flush=True)
time.sleep(600)
"""


class Listed:
    """A source of articles, which may all be taken before one is answered."""

    def __init__(self, articles: Sequence[Article]) -> None:
        self.waiting = list(articles)
        self.taken: list[bytes] = []
        self.answers: dict[bytes, Receipt | Exception] = {}
        self.before: Callable[[Article], None] = lambda article: None

    def next(
        self, wanted: Callable[[Article], bool] | None = None, patience: float = 0.0
    ) -> Article | None:
        """The next article that is wanted."""
        for one in self.waiting:
            if wanted is None or wanted(one):
                self.waiting.remove(one)
                self.taken.append(one.message_id)
                self.before(one)
                return one
        return None

    def done(self, answer: Receipt | Exception) -> None:
        """Answers come in the order in which the articles were taken."""
        message_id = self.taken[len(self.answers)]
        assert message_id not in self.answers
        self.answers[message_id] = answer


@dataclass
class Outcome:
    """All that a user, or the ledger, could tell two ways of posting by."""

    answers: dict[bytes, tuple[Any, ...]]
    posted: list[str]
    commands: Counter[str]
    connections: int


@pytest.fixture
def by_process(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many articles each burst of a process had."""
    seen: list[int] = []
    send = Connection.post_together

    def counted(self: Connection, sender: Sender, articles: Sequence[SharedArticle]) -> Together:
        seen.append(len(articles))
        return send(self, sender, articles)

    monkeypatch.setattr(Connection, "post_together", counted)
    return seen


def shared(count: int = COUNT) -> list[Article]:
    """Articles whose bodies are in shared memory, too."""
    slots = Slots(count, slot_size(20_000))
    made = []
    for number in range(count):
        payload = content(20_000, number)
        lines, crc = encoded_lines(payload)
        begin = slots.offset(number)
        slots.memory.bytes[begin : begin + len(lines)] = lines
        view = slots.view(number, len(lines))
        encoded = Encoded(view, crc, len(payload), None, slots.memory, begin)
        made.append(Article(name(number), payload, encoded=encoded))
    return made


async def ready(store: UsenetStore, articles: Sequence[Article]) -> None:
    """Return when the process that sends them can be asked."""
    pool, encoded = store.pool, articles[0].encoded  # type: ignore[attr-defined]
    assert encoded is not None
    await until(lambda: pool.senders.of(encoded.memory) is not None)


async def posted(server: ScriptedServer, settings: Server, articles: list[Article]) -> Outcome:
    source = Listed(articles)
    async with opened(settings) as store:
        if articles[0].encoded is not None:
            await ready(store, articles)
        while source.waiting:
            await store.post_from(source)
    answers = {
        message_id: (a.server, a.wire_size) if isinstance(a, Receipt) else (type(a), str(a))
        for message_id, a in source.answers.items()
    }
    return Outcome(answers, server.posted, server.commands, server.connections)


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
