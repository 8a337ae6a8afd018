"""A preview of a restore, found by the engine beside its jobs, and the restore that follows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from engine_ground import kept, new_engine, running, until

from usenetsync_tui.engine.previews.plan_spool import ORDER, PlanSpool
from usenetsync_tui.model.commands.folders import StopPreview
from usenetsync_tui.model.commands.jobs import Restore
from usenetsync_tui.model.commands.versions import PreviewRestore
from usenetsync_tui.model.restores.choices import RestoreChoices
from usenetsync_tui.model.restores.plans import Fate, PlannedPath

pytestmark = pytest.mark.anyio


async def test_a_preview_ends_and_the_restore_does_it(database: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / name).write_text(name)
    engine = new_engine(database, tmp_path)
    async with running(engine):
        number = (await kept(engine, folder)).folder.id
        (folder / "a").write_text("other")
        (folder / "c").write_text("c")
        wanted = Restore(number, b"", in_place=True, choices=RestoreChoices(delete=True))

        def fates() -> list[tuple[Fate, bytes]]:
            seen = engine.status.restore_preview
            return [(r.fate, r.path) for r in seen.rows] if seen is not None and seen.over else []

        engine.submit(PreviewRestore(wanted))
        await until(lambda: bool(fates()))
        assert fates() == [
            (Fate.DELETE, b"c"),
            (Fate.OVERWRITE, b"a"),
            (Fate.KEEP, b"b"),
        ]
        engine.submit(PreviewRestore(wanted, 1))
        await until(lambda: not fates())
        wrong = Restore(number, os.fsencode(folder))
        engine.submit(PreviewRestore(wrong))
        await until(lambda: "is the backed-up folder" in _error(engine.status.restore_preview))
        engine.submit(StopPreview())
        await until(lambda: engine.status.restore_preview is None)
        assert (folder / "c").exists(), "nothing has changed yet"
        engine.submit(wanted)
        await until(lambda: not (folder / "c").exists() and (folder / "a").read_text() == "a")
        (folder / "a").unlink()
        (folder / "b").unlink()
        answers: list[str] = []
        engine.submit(wanted, lambda answer: answers.append(answer.problem))
        await until(lambda: bool(answers))
        assert "a disk may not be mounted" in answers[0]


def _error(preview: object) -> str:
    return str(getattr(preview, "error", ""))


def test_a_spool_gives_any_page() -> None:
    spool = PlanSpool()
    rows = [
        PlannedPath(fate, b"%s %d" % (str(fate).encode(), number), 0, number, "why")
        for number in range(250)
        for fate in (Fate.KEEP, Fate.CREATE, Fate.FAIL)
    ]
    spool.add(rows)
    every = sorted(rows, key=lambda row: ORDER.index(row.fate))
    for first in (0, 1, 99, 100, 240, 250, 499, 700, 749, 750, 900):
        assert list(spool.page(first, 120)) == every[first : first + 120]
    spool.add(rows[:3])
    assert len(spool.page(0, 1_000)) == 753
    spool.close()
    spool.close()
