"""Sealed folders on a scripted news server: uploads and restores by whole engines."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from engine_ground import latest, new_engine, newer, over, running, until
from scripted_server import ScriptedServer

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import folders
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.codec.envelope import SealedHeaders
from usenetsync_tui.codec.index.keys import IndexKeys
from usenetsync_tui.engine.engine import Engine
from usenetsync_tui.engine.keys import KeyRing
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.errors import refusal
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.answers import Answer
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.commands.jobs import Restore, Upload, Verify
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.outcomes import Outcome
from usenetsync_tui.model.ports.stores import Store
from usenetsync_tui.model.status.engine import EngineState
from usenetsync_tui.postgres.pool import open_pool
from usenetsync_tui.settings.server import ServerSettings

_NONE = FolderChoices()


@dataclass
class SealedGround:
    """One home and one news server; an engine for each call."""

    database: str
    home: Path
    scripted: ScriptedServer
    settings: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    """Keys of the server."""

    def engine(self) -> Engine:
        server = {"name": "main", "host": self.scripted.host, "port": self.scripted.port}
        more = {"tls": "none", "connections": 4, "timeout": 5.0, **self.more}
        settings = {
            "servers": [ServerSettings.model_validate({**server, **more})],
            "check_delays": [0.05, 0.2],
            "retries": 1,
            "retry_backoff": 0.01,
            **self.settings,
        }
        return new_engine(self.database, self.home, **settings)

    async def upload(self, root: Path, choices: FolderChoices = _NONE) -> Outcome:
        """Upload as the command does. Raises errors that end the engine or refuse the folder."""
        engine = self.engine()
        answers: list[Answer] = []
        engine.submit(Upload(os.fsencode(root), choices), answers.append)
        await engine.run(until_idle=True)
        if answers[0].problem:
            raise refusal(answers[0])
        return engine.summaries[engine.started[0]].outcome

    async def restore(self, version: int, target: Path, folder: int = 1) -> None:
        """Upload a version of a folder, which must be complete."""
        engine = self.engine()
        async with running(engine):
            await until(lambda: engine.status.state is EngineState.IDLE)
            before = latest(engine.status, Verb.RESTORE)
            engine.submit(Restore(folder, os.fsencode(target), version=version))
            await newer(engine, Verb.RESTORE, before)
            job = await over(engine, Verb.RESTORE)
        assert job.state is JobState.COMPLETED, engine.status.events

    async def verify(self, folder: int = 1, *, bodies: bool = False) -> Outcome:
        """Verify a folder as the screen does."""
        engine = self.engine()
        async with running(engine):
            await until(lambda: engine.status.state is EngineState.IDLE)
            before = latest(engine.status, Verb.VERIFY)
            engine.submit(Verify(folder, bodies))
            await newer(engine, Verb.VERIFY, before)
            job = await over(engine, Verb.VERIFY)
            await until(lambda: job.id in engine.summaries)
        return engine.summaries[job.id].outcome

    @asynccontextmanager
    async def index(self, folder: int = 1) -> AsyncIterator[tuple[Store, IndexKeys]]:
        """The store and the keys of a folder's index: all that a bare machine has."""
        settings = self.engine()._settings
        locations = Locations.find({"USENETSYNC_HOME": str(self.home)})
        async with open_pool(self.database, max_size=4, application_name="test") as pool:
            catalogue = Catalogue(pool)
            async with Stores(catalogue, settings, locations) as stores:
                async with catalogue.transaction() as tx:
                    known = await posted.realm_of(tx, folder)
                    assert known is not None
                    realm = await folders.realm_by_id(tx, known)
                opened = await stores.of(realm)
                assert opened.secret is not None
                yield opened.store, IndexKeys(opened.secret)

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database, autocommit=True) as connection:
            return connection.execute(sql.encode(), values).fetchall()

    def realms(self) -> list[tuple[Any, ...]]:
        """(continues, renewed, sealed) of all realms of data, each after its number among them."""
        rows = self.query(
            "SELECT id, continues, renewed, sealed FROM realms WHERE NOT is_index ORDER BY id"
        )
        number = {row[0]: n for n, row in enumerate(rows, 1)}
        return [(number[row[0]], number.get(row[1]), *row[2:]) for row in rows]

    def index_names(self) -> set[str]:
        """The Message-IDs, as sent, of all articles of the index of each folder."""
        names: set[str] = set()
        realms = self.query("SELECT id, wrapped_key FROM realms WHERE is_index")
        locations = Locations.find({"USENETSYNC_HOME": str(self.home)})
        for realm, wrapped in realms:
            secret = KeyRing(self.engine()._settings, locations).unwrap(wrapped)
            rows = self.query("SELECT message_id FROM segments WHERE realm_id = %s", realm)
            style = IndexKeys(secret).headers(("alt.test",))
            names |= {style.wire_id(bytes(name)) for (name,) in rows}
        return names

    def wire_id(self, message_id: bytes, *, of_index: bool = False) -> str:
        """A Message-ID of folder 1 as sent."""
        keys = "SELECT wrapped_key FROM realms WHERE is_index = %s ORDER BY id DESC LIMIT 1"
        locations = Locations.find({"USENETSYNC_HOME": str(self.home)})
        ring = KeyRing(self.engine()._settings, locations)
        key = ring.unwrap(bytes(self.query(keys, of_index)[0][0]))
        groups = ("alt.test",)
        style = IndexKeys(key).headers(groups) if of_index else SealedHeaders(key, groups, 2)
        return style.wire_id(message_id)

    @property
    def data(self) -> list[str]:
        """The Message-IDs posted so far, as sent, without those of the index."""
        of_index = self.index_names()
        return [name for name in self.scripted.posted if name not in of_index]

    def assert_indexed(self) -> None:
        """Every version has its index, whose articles were posted once each."""
        assert self.query("SELECT DISTINCT indexed FROM snapshots") == [(True,)]
        of_index = self.index_names()
        posted = [name for name in self.scripted.posted if name in of_index]
        assert len(posted) == len(set(posted)) == len(of_index) > 0
