"""A preview of a folder's filters, found by the engine beside its jobs."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_ground import kept, new_engine, running, until

from usenetsync_tui.model.commands.folders import Choose, FolderChoices, PreviewFilters, StopPreview
from usenetsync_tui.model.filters import FilterChoices, Filters

pytestmark = pytest.mark.anyio


async def test_a_preview_ends_and_is_forgotten(database: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "build").mkdir(parents=True)
    for name in ("a.o", "b", "build/c"):
        (folder / name).write_text(name)
    engine = new_engine(database, tmp_path)
    async with running(engine):
        number = (await kept(engine, folder)).folder.id

        def found() -> str:
            seen = engine.status.preview
            if seen is None or not seen.over:
                return ""
            return " ".join([*(f"{r.path!r}" for r in seen.rows), seen.error or "none"])

        engine.submit(PreviewFilters(number, Filters((b"*.o", b"build/"))))
        await until(lambda: {"b'a.o'", "b'build/'", "none"} <= set(found().split()))
        engine.submit(PreviewFilters(number, Filters((b"a[",))))
        await until(lambda: "bracket is not closed" in found())
        engine.submit(StopPreview())
        await until(lambda: engine.status.preview is None)
        answers: list[str] = []
        wrong = Choose(number, FolderChoices(filters=FilterChoices(exclude=(b"a[",))))
        engine.submit(wrong, lambda answer: answers.append(answer.problem))
        await until(lambda: bool(answers))
        assert "bracket is not closed" in answers[0]
