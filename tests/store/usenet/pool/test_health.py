"""A server's health: how an answer changes it, and for how long."""

from __future__ import annotations

import pytest

from usenetsync_tui.codec.answers import Meaning
from usenetsync_tui.model.servers.servers import Role, Server, ServerState
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused, Unreachable
from usenetsync_tui.store.usenet.pool.health import BACKOFF, LONG_PAUSE, Health

SERVER = Server("one", "host", 563, connections=8)


def refused(health: Health, meaning: Meaning, now: float = 0.0, connections: int = 0) -> None:
    health.refused(Refused(meaning, "words", opening=True), now, connections=connections)


def test_down_is_probed_more_and_more_rarely() -> None:
    health, now, waits = Health(SERVER), 0.0, []
    for _ in range(8):
        health.unreachable(Unreachable("refused"), now)
        assert (health.state, health.message) == (ServerState.DOWN, "refused")
        wait = health.next_change(now)
        assert wait is not None
        assert not health.may_be_probed(now + wait - 0.01)
        now += wait
        assert health.may_be_probed(now)
        waits.append(wait)
    assert waits == [*BACKOFF, 60.0, 60.0]
    health.answered(now)
    assert (health.state, health.message, health.ill_since) == (ServerState.UP, "", None)
    health.unreachable(Unreachable("again"), now)
    assert health.next_change(now) == BACKOFF[0]


def test_eight_connections_with_one_trouble_are_one_trouble() -> None:
    health = Health(SERVER)
    for _ in range(8):
        health.unreachable(Unreachable("refused"), 5.0)
    assert health.next_change(5.0) == BACKOFF[0]


def test_too_many_shrinks_and_grows_back() -> None:
    health = Health(SERVER)
    health.answered(0.0)
    refused(health, Meaning.TOO_MANY_CONNECTIONS, 10.0, connections=5)
    assert (health.state, health.allowed, health.message) == (ServerState.UP, 5, "words")
    health.grow(10.0 + LONG_PAUSE - 1)
    assert health.allowed == 5
    assert health.next_change(10.0) == LONG_PAUSE
    health.grow(10.0 + LONG_PAUSE)
    assert (health.allowed, health.message) == (8, "")


def test_too_many_at_the_first_connection_pauses() -> None:
    health = Health(SERVER)
    refused(health, Meaning.TOO_MANY_CONNECTIONS)
    assert (health.state, health.allowed) == (ServerState.PAUSED, 1)
    assert health.next_change(0.0) == BACKOFF[0]


def test_in_use_elsewhere_is_left_alone_whatever_still_goes_well() -> None:
    health = Health(SERVER)
    refused(health, Meaning.IN_USE_ELSEWHERE)
    health.answered(1.0)
    assert (health.state, health.next_change(0.0)) == (ServerState.PAUSED, LONG_PAUSE)
    health.answered(LONG_PAUSE)
    assert health.state is ServerState.UP


@pytest.mark.parametrize("meaning", [Meaning.CREDENTIALS, Meaning.ACCOUNT, Meaning.CONFIGURATION])
def test_stopped_for_good(meaning: Meaning) -> None:
    health = Health(SERVER)
    refused(health, meaning)
    assert (health.state, health.message) == (ServerState.STOPPED, "words")
    assert not health.may_be_probed(1e9)
    assert health.next_change(0.0) is None


def test_an_untrusted_certificate_stops_it() -> None:
    health = Health(SERVER)
    health.unreachable(Unreachable("certificate", permanent=True), 0.0)
    assert health.state is ServerState.STOPPED


def test_a_rate_limit_pauses_briefly() -> None:
    health = Health(SERVER)
    refused(health, Meaning.RATE)
    assert (health.state, health.next_change(0.0)) == (ServerState.PAUSED, BACKOFF[0])


def test_forbidden_posting_does_not_change_its_health() -> None:
    health = Health(SERVER)
    health.answered(0.0)
    refused(health, Meaning.FORBIDDEN)
    assert (health.state, health.unfit) == (ServerState.UP, {Role.POST: "words"})


def test_forbidden_after_it_took_articles_is_a_rate_limit() -> None:
    health = Health(SERVER)
    health.took_an_article()
    refused(health, Meaning.FORBIDDEN)
    assert (health.state, health.unfit) == (ServerState.PAUSED, {})


def test_a_greeting_that_refuses_is_down() -> None:
    for meaning in (Meaning.SESSION_OVER, Meaning.REFUSED):
        health = Health(SERVER)
        refused(health, meaning)
        assert health.state is ServerState.DOWN


def test_an_answer_about_one_request_changes_nothing() -> None:
    health = Health(SERVER)
    health.answered(0.0)
    health.refused(Refused(Meaning.REFUSED, "412 No group"), 0.0, connections=1)
    assert health.state is ServerState.UP


def test_connections_may_break_but_not_all_the_time() -> None:
    health = Health(SERVER)
    for _ in range(5):
        for _ in range(9):
            health.lost(Lost("broken"), 0.0)
        health.answered(0.0)
        assert health.state is ServerState.UP
    for _ in range(10):
        health.lost(Lost("broken"), 0.0)
    assert (health.state, health.message) == (ServerState.DOWN, "broken")
