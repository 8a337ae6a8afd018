"""Rates from counters alone."""

from __future__ import annotations

from usenetsync_tui.engine.progress.rates import RateMeter


def fed(*samples: tuple[float, int, int]) -> RateMeter:
    meter = RateMeter()
    for sample in samples:
        meter.add(*sample)
    return meter


def test_nothing_yet() -> None:
    meter = fed()
    assert (meter.bytes_per_second, meter.files_per_second, meter.history) == (0.0, 0.0, ())
    assert meter.eta(100, 1000) is None
    assert fed((5.0, 100, 1)).bytes_per_second == 0.0


def test_a_steady_rate() -> None:
    meter = fed(*((t / 5, t * 200, t) for t in range(101)))
    assert meter.bytes_per_second == 1000.0
    assert meter.files_per_second == 5.0
    assert meter.eta(20.0, 5000) == 5.0
    assert len(meter.history) in (19, 20)
    assert all(abs(v - 1000) < 1e-6 for v in meter.history)


def test_no_time_left_before_ten_seconds() -> None:
    meter = fed(*((t / 5, t * 200, t) for t in range(40)))
    assert meter.eta(8.0, 5000) is None
    assert meter.eta(10.0, 5000) is not None


def test_only_the_last_ten_seconds_count() -> None:
    fast = [(float(t), t * 1000, t) for t in range(20)]
    still = [(20.0 + t, 19_000, 19) for t in range(20)]
    meter = fed(*fast, *still)
    assert meter.bytes_per_second == 0.0
    assert meter.eta(40.0, 5000) is None


def test_the_history_ends() -> None:
    assert len(fed(*((float(t), t, t) for t in range(2_000))).history) == 600


def test_the_clock_standing_still() -> None:
    assert fed((1.0, 0, 0), (1.0, 500, 1)).bytes_per_second == 0.0


def test_progress_that_is_taken_back_counts_as_zero() -> None:
    """A restore subtracts the bytes of a file that it could not finish."""
    meter = fed((0.0, 1_000, 1), (1.0, 5_000, 1), (2.0, 500, 1))
    assert meter.bytes_per_second == 0.0
    assert meter.history == (4_000.0, 0.0)
    assert meter.eta(20.0, 100) is None
