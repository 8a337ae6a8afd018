"""Random bytes of a batch: as many as asked for, and none of them twice."""

from __future__ import annotations

import secrets

import pytest

from usenetsync_tui.pipeline.posting.random_bytes import RandomBytes


def test_none_is_given_out_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[bytes] = []
    draw = secrets.token_bytes

    def noted(size: int) -> bytes:
        drawn.append(draw(size))
        return drawn[-1]

    monkeypatch.setattr(secrets, "token_bytes", noted)
    random = RandomBytes()
    sizes = [16, 12, 28, 1, 4_095, 4_096, 10_000] + [16, 12] * 1_000
    taken = [random.take(size) for size in sizes]

    assert [len(each) for each in taken] == sizes
    left = iter(drawn)
    source = next(left)
    for each in taken:
        at = source.find(each)
        while at < 0:
            source = next(left)
            at = source.find(each)
        source = source[at + len(each) :]
