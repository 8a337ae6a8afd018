"""A command that a signal cannot stop is killed at last, and reports it, also with --quiet."""

from __future__ import annotations

import subprocess
import sys

_HANGS = """
import os, signal, sys, threading, time
from usenetsync_tui.cli import signals
from usenetsync_tui.cli.options import Voice
import anyio

async def work():
    voice = Voice(as_json="json" in sys.argv, quiet="quiet" in sys.argv)
    with signals.stopped_by(bool, bool, voice):
        os.kill(os.getpid(), signal.SIGTERM)
        await anyio.sleep(0.1)
        time.sleep(60)

anyio.run(signals.until_stopped, work, 130)
"""


def test_the_last_line_goes_where_problems_go() -> None:
    voices = ((), ("quiet",), ("json",), ("json", "quiet"))
    running = [
        subprocess.Popen([sys.executable, "-c", _HANGS, *voice], stdout=-1, stderr=-1, text=True)
        for voice in voices
    ]
    said = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [130] * 4
    going_on = "Interrupted. Posted articles are kept; run the same command again to continue.\n"
    assert said == [(going_on, ""), ("", going_on), ("", ""), ("", "")]
