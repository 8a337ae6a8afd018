"""The figures of a job only grow, whatever is posted beside its own content, or once more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from in_process import InProcess
from scripted_server import ScriptedServer

from usenetsync_tui.pipeline.run import job_run

_FIGURES = ("total_files", "done_files", "total_bytes", "done_bytes")


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[job_run.Progress]:
    """The progress of each run so far; a figure that goes back fails the run."""
    begun: list[job_run.Progress] = []
    setting, making = job_run.Progress.__setattr__, job_run.Progress.__init__

    def watched(progress: job_run.Progress, name: str, value: Any) -> None:
        before = getattr(progress, name, 0) if name in _FIGURES else 0
        assert name not in _FIGURES or value >= before, f"{name}: {before}, then {value}"
        setting(progress, name, value)

    def made(progress: job_run.Progress, *arguments: Any, **fields: Any) -> None:
        making(progress, *arguments, **fields)
        begun.append(progress)

    monkeypatch.setattr(job_run.Progress, "__setattr__", watched)
    monkeypatch.setattr(job_run.Progress, "__init__", made)
    return begun


@pytest.mark.parametrize("profile", ["plain", "sealed"])
def test_of_an_upload_with_an_index_and_of_its_repair(
    run: InProcess, tmp_path: Path, runs: list[job_run.Progress], profile: str
) -> None:
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "large").write_bytes(bytes(range(256)) * 8_000)
    (folder / "small").write_bytes(b"small")
    with ScriptedServer() as server:
        run.configure(server)
        run("upload", folder, "--profile", profile)
        assert [getattr(runs[-1], name) for name in _FIGURES] == [2, 2, 2_048_005, 2_048_005]
        server.articles.clear()  # content and index
        done = run("verify", "tree", "--json").of("verified")[0]
        assert done["missing"] == done["reposted"] > 2
        progress = runs[-1]
        assert progress.done_files == progress.total_files == 2
        assert progress.done_bytes == progress.total_bytes
