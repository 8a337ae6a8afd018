"""Promise 3: twice the files cost no more memory."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
import trees
from acceptance_command import Command

_PEAK_ALLOWED = 300 << 20
_GROWTH_ALLOWED = {"first upload": 48 << 20, "second upload": 8 << 20, "restore": 16 << 20}
"""Runs differ by about this much, as queues and allocators are more or less full."""


def _peak(usenetsync: Command, *arguments: str | Path) -> int:
    """Bytes resident at most while the command ran.

    Read from the kernel's high-water mark of the process: `wait4` also counts the parent.
    """
    process = usenetsync.start(*arguments)
    peak = 0
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        marks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
        peak = int(marks[0]) * 1024 if marks else peak
        time.sleep(0.01)
    out, err = process.communicate()
    assert process.returncode == 0, out + err
    return peak


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="VmHWM is Linux's")
def test_twice_the_files_no_more_memory(usenetsync: Command, tmp_path: Path) -> None:
    peaks: dict[int, dict[str, int]] = {}
    for count in (30_000, 60_000):
        source, out = tmp_path / f"tree{count}", tmp_path / f"out{count}"
        trees.small_files(source, count, largest=8_000)
        peaks[count] = {
            "first upload": _peak(usenetsync, "upload", source),
            "second upload": _peak(usenetsync, "upload", source),
            "restore": _peak(usenetsync, "restore", source, out),
        }
    for what, allowed in _GROWTH_ALLOWED.items():
        assert peaks[60_000][what] < _PEAK_ALLOWED
        assert peaks[60_000][what] < peaks[30_000][what] + allowed, (what, peaks)
