"""Wear of keys: the start value for older catalogues, and a realm that continues another."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import psycopg
import pytest

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import folders, keys
from usenetsync_tui.catalogue.tables.keys import KeyUse
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.folders import (
    NEWEST_HEADER_STYLE,
    Folder,
    FolderDefaults,
    Profile,
    StoreKind,
)
from usenetsync_tui.postgres.migrate import migrate
from usenetsync_tui.postgres.pool import open_pool

pytestmark = pytest.mark.anyio
SEALED = FolderChoices(store=StoreKind.SHARDS, profile=Profile.SEALED)
USENET = FolderDefaults(StoreKind.USENET, ("alt.test",), "a@b.invalid")

BEFORE = """
INSERT INTO realms (store, profile, domain, owner, wrapped_key)
VALUES ('usenet', 'sealed', 'a.invalid', '/one', 'key'),
       ('shards', 'sealed', 'b.invalid', '/two', 'k');
INSERT INTO realms (store, profile, domain) VALUES ('shards', 'packed', 'c.invalid');
INSERT INTO objects (id, folder_id, realm_id, kind, size, segment_size, segments, copies, files,
                     first_key, last_key)
VALUES (1, 1, 1, 0, 9, 1, 60000000, 1, 1, 'a', 'a'), (2, 1, 1, 0, 9, 1, 10, 2, 1, 'b', 'b'),
       (3, 1, 3, 0, 9, 1, 100, 1, 1, 'c', 'c');
"""


async def test_a_catalogue_from_before(empty_database: str, tmp_path: Path) -> None:
    shipped = files("usenetsync_tui.catalogue") / "migrations"
    for name in sorted(f.name for f in shipped.iterdir() if f.name.endswith(".sql"))[:3]:
        (tmp_path / name).write_bytes((shipped / name).read_bytes())
    async with await psycopg.AsyncConnection.connect(empty_database, autocommit=True) as conn:
        assert await migrate(conn, tmp_path) == 3
        await conn.execute(BEFORE.encode())
        await migrate(conn, shipped)
        cursor = await conn.execute(
            "SELECT id, dress, sealed, continues, renewed, digest FROM realms"
        )
        assert sorted(await cursor.fetchall()) == [
            (1, 1, 2 * (60_000_000 + 20), None, False, "sha256"),
            (2, 1, 0, None, False, "sha256"),
            (3, 1, 0, None, False, "sha256"),
        ]
    async with open_pool(empty_database, max_size=4, application_name="tests") as pool:
        async with Catalogue(pool).transaction() as tx:
            again = await folders.keep(tx, b"/one", FolderChoices(), USENET)
            new = await folders.keep(tx, b"/new", FolderChoices(), USENET, lambda: b"new")
    assert (again.realm.id, again.realm.header_style, again.realm.wrapped_key) == (1, 1, b"key")
    assert new.realm.header_style == NEWEST_HEADER_STYLE
    assert (again.realm.digest, new.realm.digest) == ("sha256", "blake3")


@pytest.fixture
async def sealed(catalogue: Catalogue) -> Folder:
    async with catalogue.transaction() as tx:
        defaults = FolderDefaults(digest=DigestAlgorithm.SHA256)
        return await folders.keep(tx, b"/data", SEALED, defaults, lambda: b"first")


async def test_a_realm_that_continues_another(catalogue: Catalogue, sealed: Folder) -> None:
    async with catalogue.transaction() as tx:
        assert await keys.key_use(tx, sealed) == KeyUse(0, False, False)
        renewed = await keys.renew(tx, sealed, b"second")
        again = await keys.renew(tx, renewed, b"third")
        assert await folders.wrapped_keys(tx) == [b"third", b"second", b"first"]
        kept = await folders.keep(tx, b"/data", FolderChoices())
    assert {f.realm.digest for f in (sealed, renewed, again, kept)} == {DigestAlgorithm.SHA256}
    assert [f.realm.wrapped_key for f in (sealed, renewed, again)] == [
        b"first",
        b"second",
        b"third",
    ]
    assert len({f.realm.id for f in (sealed, renewed, again)}) == 3
    assert len({(f.realm.store, f.realm.profile, f.realm.domain) for f in (sealed, again)}) == 1
    assert kept == again, "an upload finds the latest"


async def test_a_folder_that_comes_back_finds_its_latest_key(
    catalogue: Catalogue, sealed: Folder
) -> None:
    async with catalogue.transaction() as tx:
        renewed = await keys.renew(tx, sealed, b"second")
        packed = FolderChoices(profile=Profile.PACKED)
        assert (await folders.keep(tx, b"/data", packed)).realm.wrapped_key is None
        assert not await folders.lacks_key(tx, b"/data", SEALED)
        assert (await folders.keep(tx, b"/data", SEALED)).realm == renewed.realm


async def test_a_sealed_folder_without_a_key_is_detected(
    catalogue: Catalogue, sealed: Folder
) -> None:
    async with catalogue.transaction() as tx:
        assert not await folders.lacks_key(tx, b"/data", FolderChoices())
        assert not await folders.lacks_key(tx, b"/other", FolderChoices())
        assert await folders.lacks_key(tx, b"/other", SEALED)
        assert await folders.lacks_key(tx, b"/other", FolderChoices(), USENET)
        plain = FolderChoices(profile=Profile.PLAIN)
        assert not await folders.lacks_key(tx, b"/other", plain, USENET)
        assert await folders.lacks_key(tx, b"/data", FolderChoices(store=StoreKind.USENET), USENET)
