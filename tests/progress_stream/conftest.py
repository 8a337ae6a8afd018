"""A progress stream on a real port, fed with statuses made by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from progress_ground import Ground

from usenetsync_tui.model.status.engine import EngineState, EngineStatus


@pytest.fixture
def ground() -> Iterator[Ground]:
    ground = Ground(EngineStatus(EngineState.IDLE))
    yield ground
    ground.close()
