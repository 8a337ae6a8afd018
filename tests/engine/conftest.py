"""An engine on a fresh catalogue, and folders for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_ground import new_engine
from trees import content, small_files

from usenetsync_tui.engine.engine import Engine


@pytest.fixture
def engine(database: str, tmp_path: Path) -> Engine:
    return new_engine(database, tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "folder"
    small_files(root, 100)
    (root / "large").write_bytes(content(500_000))
    return root


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """Compressing it takes some seconds with LZMA."""
    root = tmp_path / "big"
    root.mkdir()
    for number in range(8):
        (root / f"{number:02}").write_bytes(content(1_000_000, number))
    return root
