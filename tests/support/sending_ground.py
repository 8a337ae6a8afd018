"""Articles in shared memory, the faults of a server, and what comes of posting them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from scripted_server import Fault, ScriptedServer
from trees import content
from usenet_ground import name, opened
from worlds import until

from usenetsync_tui.codec.yenc import encoded_lines
from usenetsync_tui.model.segments import Article, Encoded, Receipt
from usenetsync_tui.model.servers.servers import Server
from usenetsync_tui.pipeline.upload.slice_readers.slots import Slots, slot_size
from usenetsync_tui.store.usenet.store import UsenetStore

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
    """Post them, with a process if their bodies are in shared memory."""
    source = Listed(articles)
    async with opened(settings) as store:
        if articles[0].encoded is not None:
            await ready(store, articles)
        while source.waiting:
            await store.post_from(source)
    await until(lambda: not server.open)  # it has read our good-bye
    answers = {
        message_id: (a.server, a.wire_size) if isinstance(a, Receipt) else (type(a), str(a))
        for message_id, a in source.answers.items()
    }
    return Outcome(answers, server.posted, server.commands, server.connections)
