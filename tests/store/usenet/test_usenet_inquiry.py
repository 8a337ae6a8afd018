"""A server that drops connections over some articles: the inquiry finds which ones."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from usenetsync_tui.codec.answers import ConversationStage
from usenetsync_tui.codec.nntp import Reply
from usenetsync_tui.store.usenet.connection.posting_session import StagedReply
from usenetsync_tui.store.usenet.connection.signals import Lost
from usenetsync_tui.store.usenet.inquiry import Inquiry

MANY = [f"{number}@here" for number in range(300)]
MISSING = MANY[7]

RANDOM = random.Random(7)

Arrived = Callable[[int], int]
"""How many of some answers arrive before the connection that carries them is reset."""

LOSSES: dict[str, Arrived] = {
    "nothing is lost": lambda sent: sent,
    "all is lost": lambda sent: 0,
    "the last one is lost": lambda sent: max(0, sent - 1),
    "half is lost": lambda sent: sent // 2,
    "all but one": lambda sent: min(sent, 1),
    "anything": lambda sent: RANDOM.randint(0, sent),
}


def run(bad: set[str], arrived: Arrived, *, tries: int = 3) -> tuple[Inquiry, int]:
    """Ask a server that closes the connection over some articles; also returns how often it did."""
    inquiry, breaks = Inquiry(MANY, tries=tries), 0
    while go := inquiry.next(set()):
        sent = next((at for at, wire_id in enumerate(go) if wire_id in bad), None)
        if sent is None:
            inquiry.answered([_answer(wire_id) for wire_id in go])
        else:
            breaks += 1
            inquiry.broke(Lost("reset", answered=arrived(sent)))
    return inquiry, breaks


def _answer(wire_id: str) -> StagedReply:
    code = 430 if wire_id == MISSING else 223
    return StagedReply(Reply(code, ""), ConversationStage.LOOKUP)


def ids(*numbers: int) -> set[str]:
    return {MANY[number] for number in numbers}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    "bad",
    [{3}, {0}, {299}, {3, 4, 99, 299}, {0, 1, 2, 3}, {148, 149, 150, 151}, {5, 105, 205, 295, 296}],
    ids=lambda bad: ",".join(map(str, sorted(bad))),
)
def test_only_articles_that_break_connections_are_unknown(bad: set[int], loss: str) -> None:
    inquiry, breaks = run(ids(*bad), LOSSES[loss])
    assert inquiry.unknown.keys() == ids(*bad)
    assert inquiry.missing == {MISSING}
    assert inquiry.there == set(MANY) - ids(*bad) - {MISSING}
    if loss == "nothing is lost":
        assert breaks == 3 * len(bad)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_server_that_breaks_over_everything_is_given_up_soon(loss: str) -> None:
    inquiry, breaks = run(set(MANY), LOSSES[loss])
    assert inquiry.unknown.keys() == set(MANY)
    assert breaks <= 5


def test_an_article_without_an_answer_is_unknown_and_never_missing() -> None:
    bad = set(MANY[::5])
    inquiry, breaks = run(bad, LOSSES["anything"])
    assert bad <= inquiry.unknown.keys()
    assert inquiry.there.isdisjoint(bad) and inquiry.missing <= {MISSING}
    assert breaks <= 40


def test_one_broken_connection_proves_nothing() -> None:
    inquiry = Inquiry(MANY, tries=3)
    inquiry.broke(Lost("reset", answered=12))
    while go := inquiry.next(set()):
        inquiry.answered([_answer(wire_id) for wire_id in go])
    assert (inquiry.unknown, inquiry.missing) == ({}, {MISSING})
