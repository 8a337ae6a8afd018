"""A world per test: an empty folder, a faulty store, a fresh catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rows import Rows
from ways import take_way
from worlds import FaultyStore, World, make_world

from usenetsync_tui.postgres.pool import Pool


@pytest.fixture
def store() -> FaultyStore:
    return FaultyStore()


@pytest.fixture
def rows(database: str) -> Iterator[Rows]:
    rows = Rows(database)
    yield rows
    rows.close()


@pytest.fixture
async def world(
    pool: Pool, rows: Rows, tmp_path: Path, store: FaultyStore, request: pytest.FixtureRequest
) -> World:
    return take_way(make_world(pool, rows, tmp_path, store), request)
