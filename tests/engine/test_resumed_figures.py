"""A resumed job goes on at the figure where it was, and reads only what is left."""

from __future__ import annotations

import os
from pathlib import Path

import anyio
import pytest
from engine_ground import SLOW, at_work, job, killed, new_engine, over, running, until
from trees import content

from usenetsync_tui.disk.source import racy
from usenetsync_tui.disk.source.source_file import SourceFile
from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.model.commands.jobs import Upload
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.postgres.pool import Pool

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

LARGE = 15_000_000
SMALL, COUNT = 20_000, 1_000
# What was planned or under way at the kill is read once more, to be stored.
STORED = "SELECT coalesce(sum(size), 0)::int8 FROM segments WHERE status NOT IN (0, 1)"


class Reads:
    """Counts the bytes that are read of large files."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bytes = 0
        read = SourceFile.read

        def counted(file: SourceFile, offset: int, size: int) -> bytes:
            self.bytes += size
            return read(file, offset, size)

        monkeypatch.setattr(SourceFile, "read", counted)


def part(engine: Engine, job_id: int) -> float:
    """The finished part of a job, as the screen shows it."""
    found = next(j for j in engine.status.jobs if j.id == job_id)
    return found.done_bytes / found.total_bytes if found.total_bytes else 0.0


@pytest.mark.parametrize("kind", ["one large file", "many small files"])
async def test_the_figure_never_falls_over_kills(
    kind: str, database: str, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(racy, "MAPPED_NS", 0)  # as if it had been written a minute ago
    folder, is_large = tmp_path / "folder", kind == "one large file"
    folder.mkdir()
    if is_large:
        (folder / "large").write_bytes(content(LARGE, 1))
    else:
        for number in range(COUNT):
            (folder / f"{number:03}").write_bytes(content(SMALL, number))
    total = LARGE if is_large else SMALL * COUNT
    first, reads = new_engine(database, tmp_path), Reads(monkeypatch)
    async with killed(first):
        first.submit(Upload(os.fsencode(folder), SLOW))
        upload = (await at_work(first)).id
        while not (await job(pool, upload)).done_bytes:  # noqa: ASYNC110 - it is in the database
            await anyio.sleep(0.05)
    kept = await job(pool, upload)
    assert not kept.state.is_over, "there is too little work for this test"
    before = kept.done_bytes / total
    second = new_engine(database, tmp_path)
    async with killed(second):
        await until(lambda: any(j.at_work for j in second.status.jobs))
        lowest = part(second, upload)
        assert lowest >= before, "it begins where it was"

        def rises() -> bool:
            nonlocal lowest
            now = part(second, upload)
            assert now >= lowest
            lowest = now
            return now > 0.5 or second.status.jobs[-1].state.is_over

        await until(rises)
    async with pool.connection() as connection:
        asked = await connection.execute(STORED)
        ((stored,),) = await asked.fetchall()
    third, earlier = new_engine(database, tmp_path), reads.bytes
    async with running(third):
        assert (await over(third, Verb.UPLOAD)).state is JobState.COMPLETED
    ended = await job(pool, upload)
    files = 1 if is_large else COUNT
    # What was done in the last half second before a kill is in no figure: much of so small a job.
    assert lowest * total / 2 <= ended.done_bytes == ended.total_bytes <= total
    assert ended.done_files == ended.total_files <= files
    assert not ended.deduplicated_bytes, "what an earlier run planned is no duplicate"
    if is_large:
        assert stored > 0
        assert reads.bytes - earlier <= LARGE - stored, "a stored slice is not read again"


async def test_a_changed_file_is_read_again(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "large").write_bytes(content(LARGE, 1))
    first = new_engine(database, tmp_path)
    async with killed(first):
        first.submit(Upload(os.fsencode(folder), SLOW))
        upload = (await at_work(first)).id
        await until(lambda: part(first, upload) > 0.2)
    (folder / "large").write_bytes(content(LARGE, 2))
    reads, second = Reads(monkeypatch), new_engine(database, tmp_path)
    async with running(second):
        assert (await over(second, Verb.UPLOAD)).state is JobState.COMPLETED
    assert reads.bytes >= LARGE
