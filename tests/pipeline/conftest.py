"""A world per test: an empty folder, a faulty store, a fresh catalogue."""

from __future__ import annotations

from pathlib import Path

import pytest
from worlds import FaultyStore, World, make_world

from usenetsync_tui.postgres.pool import Pool


@pytest.fixture
def store() -> FaultyStore:
    return FaultyStore()


@pytest.fixture
async def world(pool: Pool, database: str, tmp_path: Path, store: FaultyStore) -> World:
    return make_world(pool, database, tmp_path, store)
