"""A catalogue with one folder in it."""

from __future__ import annotations

import pytest

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import folders
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.postgres.pool import Pool


@pytest.fixture
def catalogue(pool: Pool) -> Catalogue:
    return Catalogue(pool)


@pytest.fixture
async def folder(catalogue: Catalogue) -> Folder:
    async with catalogue.transaction() as tx:
        return await folders.keep(tx, b"/data/photos", FolderChoices())
