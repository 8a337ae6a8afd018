"""What a program waits for, and how far its own work is."""

from __future__ import annotations

from usenetsync_tui.model.waiting import Waiting, Waits, WaitsFor, Work


def test_a_wait_keeps_its_kind_while_it_counts_down() -> None:
    waits = Waits()
    with waits.announced(Waiting("waiting for it", 60.0, what=WaitsFor.DATABASE)):
        assert waits.current is not None
        assert waits.current.what is WaitsFor.DATABASE
        assert str(waits.current).startswith("waiting for it, next try in ")
    assert waits.current is None


def test_work_says_how_far_it_is() -> None:
    work = Work("restoring")
    assert str(work()) == "restoring"
    work.seen(1, 4)
    assert (str(work()), work().what) == ("restoring: 25%", WaitsFor.WORK)
