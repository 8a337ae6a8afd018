"""The token bucket, with a clock of the test."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from usenetsync_tui.store.usenet.connection.throttle import CHUNK, TokenBucket


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@given(
    rate=st.integers(1, 10**9),
    amounts=st.lists(st.integers(1, CHUNK), min_size=1, max_size=200),
)
def test_never_more_than_the_rate(rate: int, amounts: list[int]) -> None:
    clock = Clock()
    bucket = TokenBucket(rate, clock=clock)
    taken = 0
    for amount in amounts:
        wait = bucket.try_take(amount)
        if wait:
            clock.now += wait * 1.000_001 + 1e-6
            assert bucket.try_take(amount) == 0
        taken += amount
    burst = max(CHUNK, rate / 10)
    assert taken <= (clock.now - 1_000.0) * rate + burst + CHUNK


def test_the_rate_is_reached() -> None:
    clock = Clock()
    bucket = TokenBucket(100_000, clock=clock)
    taken = 0
    while clock.now < 1_010:
        if wait := bucket.try_take(10_000):
            clock.now += wait + 1e-9
        else:
            taken += 10_000
    assert 950_000 < taken < 1_050_000


def test_no_limit_costs_nothing() -> None:
    bucket = TokenBucket(0, clock=Clock())
    assert all(bucket.try_take(10**12) == 0 for _ in range(100))


def test_unused_rate_is_not_saved_up() -> None:
    clock = Clock()
    bucket = TokenBucket(100_000, clock=clock)
    clock.now += 3_600
    assert bucket.try_take(CHUNK) == 0
    assert bucket.try_take(CHUNK) > 0


def test_a_new_rate_frees_waiting_callers() -> None:
    bucket = TokenBucket(1)
    thread = threading.Thread(target=lambda: bucket.take(CHUNK, wanted=lambda: True))
    thread.start()
    bucket.set_rate(0)
    thread.join(10)
    assert not thread.is_alive()


def test_a_cancelled_caller_stops_waiting() -> None:
    bucket = TokenBucket(1)
    thread = threading.Thread(target=lambda: bucket.take(CHUNK, wanted=lambda: False))
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
