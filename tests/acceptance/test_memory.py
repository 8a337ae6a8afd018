"""Promise 3: twice the files cost no more memory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import trees
from acceptance_command import Command

_PEAK_ALLOWED = 300 << 20
_GROWTH_ALLOWED = 24 << 20
"""Noise between runs is some 10 MB: how full the queues happened to be."""


def _peak(usenetsync: Command, *arguments: str | Path) -> int:
    """Bytes resident at most while the command ran."""
    process = usenetsync.start(*arguments)
    assert process.stdout is not None and process.stderr is not None
    _, status, usage = os.wait4(process.pid, 0)
    said = process.stdout.read() + process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.slow
def test_twice_the_files_no_more_memory(usenetsync: Command, tmp_path: Path) -> None:
    peaks = {}
    for count in (25_000, 50_000):
        source, out = tmp_path / f"tree{count}", tmp_path / f"out{count}"
        trees.small_files(source, count, largest=8_000)
        peaks[count] = [
            _peak(usenetsync, "upload", source),
            _peak(usenetsync, "upload", source),
            _peak(usenetsync, "restore", source, out),
            _peak(usenetsync, "verify", source, "--body"),
        ]
    for small, large in zip(*peaks.values(), strict=True):
        assert large < _PEAK_ALLOWED
        assert large < small + _GROWTH_ALLOWED, peaks
