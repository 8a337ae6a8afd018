"""The database stops answering while a job runs: reported, stoppable, and nothing is lost.

The test freezes the embedded server (SIGSTOP) with all its processes, as a paused machine or a
hanging disk does. Once it answers again, the job continues. The tests try some verbs and signals,
all of them with `--every-stop`.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from scripted_server import Fault
from stopping_ground import HUP, INT, SIGNALS, TERM, Kept, assert_stops, frozen, until_waiting
from trees import compare_trees

SILENT = "waiting for the database: no answer yet, for"
LATER = 3.5
"""Seconds that keep a job busy until the database freezes: the delay of an upload's checks,
and of the news server's answers to the other verbs."""


@contextmanager
def running(kept: Kept, tmp_path: Path, *verbs: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Jobs of these verbs that have started their work."""
    kept.settings(check_delays=[LATER])
    kept.add_file()
    if "upload" not in verbs:
        kept.server.script(Fault("STAT", wait=LATER), Fault("BODY", wait=LATER, times=4))
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    commands = kept.verbs(tmp_path)
    try:
        processes = [kept.command.start(*commands[verb], "--json") for verb in verbs]
        for process in processes:
            until_at_work(process)
        yield processes
    finally:
        kept.server.forget()


def until_at_work(process: subprocess.Popen[str]) -> None:
    """Return when a `--json` command reports a job."""
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("job"):
            return
    raise AssertionError(f"it ended: {process.stderr and process.stderr.read()}")


def assert_goes_on(process: subprocess.Popen[str]) -> None:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, (process.args, out, err)
    # Of two commands, one may do the work of the other.
    assert re.fullmatch(r"(usenetsync: .*( does the work: job | Going on with job ).*\n)*", err)
    summary = json.loads(out.splitlines()[-1])
    assert (summary["event"], summary["state"]) == ("summary", "completed")


def test_a_job_goes_on_when_it_answers_again(kept: Kept, tmp_path: Path) -> None:
    kept.settings()
    kept.command("upload", kept.tree)
    shutil.copytree(kept.tree, tmp_path / "before", symlinks=True)
    for verbs in (["restore", "verify"], ["upload"]):
        with running(kept, tmp_path, *verbs) as processes:
            with frozen(kept.command):
                for process in processes:
                    until_waiting(process, SILENT)
                time.sleep(0.5)
            for process in processes:
                assert_goes_on(process)
        if "restore" in verbs:
            assert compare_trees(tmp_path / "before", tmp_path / "out") == []
    assert len(kept.server.posted) == len(set(kept.server.posted))


SAMPLE = [("upload", HUP), ("verify", TERM), ("restore", INT)]


@pytest.mark.parametrize("verbs", [["upload"], ["restore", "verify"]], ids=" ".join)
def test_a_stop_while_it_is_silent(
    kept: Kept, tmp_path: Path, verbs: list[str], request: pytest.FixtureRequest
) -> None:
    every = request.config.getoption("--every-stop")
    if not every and verbs == ["upload"]:
        pytest.skip("the sample has the screen's upload")
    for turn in range(3 if every else 1):
        with running(kept, tmp_path, *verbs) as processes, frozen(kept.command):
            for verb, process in zip(verbs, processes, strict=True):
                until_waiting(process, SILENT)
                number = SIGNALS.index(dict(SAMPLE)[verb])
                assert_stops(process, SIGNALS[(number + turn) % 3], SILENT)
