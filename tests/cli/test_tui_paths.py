"""`usenetsync tui A B C`: reports missing folders and uploads the rest."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from in_process import InProcess

from usenetsync_tui.cli.actions import screen
from usenetsync_tui.model.status.tasks import Severity
from usenetsync_tui.tui.exits import ExitReason, ScreenExit


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, list[str]]]:
    """The engines that a screen was opened on, and its start-up problems."""
    seen: list[tuple[Any, list[str]]] = []

    def run_screen(engine: Any, *, problems: list[str], **_: object) -> ScreenExit:
        seen.append((engine, problems))
        deadline = time.monotonic() + 60
        while not any(each.latest for each in engine.status.folders):  # a user watches
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return ScreenExit(ExitReason.DRAIN)

    monkeypatch.setattr(screen, "run_screen", run_screen)
    return seen


@pytest.mark.parametrize("name", ["missing", "[red]x[/]", "file", "caf\udce9"])
def test_one_is_missing(
    run: InProcess, tmp_path: Path, shown: list[tuple[Any, list[str]]], name: str
) -> None:
    for folder in ("a", "c"):
        (tmp_path / folder).mkdir()
    (tmp_path / "file").write_bytes(b"")
    ended = run("tui", tmp_path / "a", tmp_path / name, tmp_path / "c", expect=3)
    ((engine, problems),) = shown
    assert len(problems) == 1
    shown_name = name.replace("\udce9", r"\xe9")
    assert shown_name in problems[0] and f"usenetsync: {problems[0]}" in ended.err
    assert [e.text for e in engine.status.events if e.severity is Severity.BAD] == problems
    kept = {folder["path"] for folder in run("folders", "--json").of("folder")}
    assert kept == {str(tmp_path / "a"), str(tmp_path / "c")}


def test_all_are_missing(
    run: InProcess, tmp_path: Path, shown: list[tuple[Any, list[str]]]
) -> None:
    ended = run("tui", tmp_path / "a", tmp_path / "b", expect=1)
    assert not shown
    assert str(tmp_path / "a") in ended.err and str(tmp_path / "b") in ended.err


def test_none_is_missing(
    run: InProcess, tmp_path: Path, shown: list[tuple[Any, list[str]]]
) -> None:
    assert run("tui", tmp_path).err == ""
    assert shown[0][1] == []
