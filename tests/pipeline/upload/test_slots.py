"""Slots of shared memory: who waits for one gets the first that is free."""

from __future__ import annotations

import gc
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from usenetsync_tui.pipeline.upload.slice_readers.slots import Slots

SIZE = 4_096


def test_who_waits_gets_what_another_thread_frees() -> None:
    slots = Slots(4, SIZE)
    assert slots.take(4) is not None
    views = [slots.view(number, 10) for number in range(4)]
    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(slots.take, 2, 60.0) for _ in range(2)]
        time.sleep(0.05)
        assert not any(each.done() for each in waiting)
        while views:
            del views[-1]
            time.sleep(0.01)
        found = [number for each in waiting for number in each.result() or []]
    assert sorted(found) == [0, 1, 2, 3]


def test_a_slot_may_be_freed_while_its_own_thread_waits() -> None:
    """Python may find a view to be gone in the thread that waits, which holds the lock."""
    slots = Slots(1, SIZE)
    assert slots.take(1) == [0]
    cycle: list[object] = [slots.view(0, 10)]
    cycle.append(cycle)
    del cycle
    take = slots._free._take

    def collecting(count: int) -> list[int] | None:
        if slots._free._wanted:
            gc.collect()
        return take(count)

    slots._free._take = collecting  # type: ignore[method-assign]
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(slots.take, 1, 60.0).result(10.0) == [0]


@pytest.mark.parametrize("give", [True, False])
def test_the_wait_ends(give: bool) -> None:
    slots = Slots(2, SIZE)
    assert slots.take(2) is not None
    if give:
        slots.give(0)
    began = time.monotonic()
    assert slots.take(2, 0.05) is None
    assert time.monotonic() - began >= 0.05
    assert len(slots._free.slots) == give, "what it had meanwhile is free again"
