"""The first run, from an empty home to an upload, and skipping every step."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dialog_ground import dialog_shown, happens, pasted, picture, typed

from usenetsync_tui.model.commands.jobs import Upload
from usenetsync_tui.model.commands.servers import AddServer
from usenetsync_tui.model.folders import Profile, StoreKind
from usenetsync_tui.model.servers.servers import Server
from usenetsync_tui.tui.dialogs.add_folder import AddFolder
from usenetsync_tui.tui.dialogs.first_run import FirstRun
from usenetsync_tui.tui.dialogs.server_form import ServerForm

pytestmark = pytest.mark.anyio


async def test_a_server_a_folder_start(tmp_path: Path) -> None:
    first = FirstRun()
    async with dialog_shown(first) as (pilot, app):
        await typed(pilot, "u")
        assert isinstance(app.screen, ServerForm)
        await typed(pilot, "main", "<tab>", "h.example", *["<shift+tab>"] * 2, "<enter>")
        assert app.screen is first
        assert app.wanted == [AddServer(Server("main", "h.example", 563))]
        assert "✓ 1 Where articles go" in picture(app)
        assert "on Usenet: main · h.example" in picture(app)
        await typed(pilot, "<enter>")
        await pasted(pilot, str(tmp_path))
        await typed(pilot, *["<enter>"] * 8)
        await happens(pilot, lambda: app.screen is first)
        assert "Start backing up" in picture(app)
        assert len(app.wanted) == 1
        await typed(pilot, "<enter>")
    upload = app.wanted[1]
    assert isinstance(upload, Upload)
    assert upload.path == os.fsencode(tmp_path.resolve())
    assert (upload.choices.store, upload.choices.profile) == (StoreKind.USENET, Profile.SEALED)
    assert app.answers == [None]


async def test_in_the_database(tmp_path: Path) -> None:
    async with dialog_shown(FirstRun()) as (pilot, app):
        await typed(pilot, "<enter>", "f")
        assert isinstance(app.screen, AddFolder)
        await pasted(pilot, str(tmp_path))
        await typed(pilot, *["<enter>"] * 7)
        await happens(pilot, lambda: "Start backing up" in picture(app))
        await typed(pilot, "<j>", "<k>", "<enter>")
    (upload,) = app.wanted
    assert isinstance(upload, Upload)
    assert upload.choices.store is StoreKind.SHARDS


async def test_every_step_can_be_skipped_and_gone_back_to() -> None:
    async with dialog_shown(FirstRun()) as (pilot, app):
        await typed(pilot, "<escape>")
        assert "· 1 Where articles go     skipped" in picture(app)
        await typed(pilot, "<backspace>", "d", "<escape>")
        assert "in the database here" in picture(app)
        assert "No folder is chosen yet." in picture(app)
        await typed(pilot, "<escape>")
    assert app.answers == [None]
    assert app.wanted == []


async def test_leaving_a_dialog_leaves_the_step() -> None:
    first = FirstRun()
    async with dialog_shown(first) as (pilot, app):
        await typed(pilot, "u", "<escape>")
        assert app.screen is first
        assert "Where should backups be stored?" in picture(app)
        await typed(pilot, "<escape>", "f", "<escape>")
        assert "Which folder do you want to back up" in picture(app)


async def test_servers_that_are_set_up_are_offered_first() -> None:
    async with dialog_shown(FirstRun(["eweka", "block"])) as (pilot, app):
        await typed(pilot, "<enter>", "f")
        assert "● usenet" in picture(app)
    assert app.wanted == []


async def test_not_now_keeps_nothing(tmp_path: Path) -> None:
    async with dialog_shown(FirstRun()) as (pilot, app):
        await typed(pilot, "d", "f")
        await pasted(pilot, str(tmp_path))
        await typed(pilot, *["<enter>"] * 7)
        await happens(pilot, lambda: "Start backing up" in picture(app))
        await typed(pilot, "n")
    assert app.wanted == []
    assert app.answers == [None]


async def test_q_quits() -> None:
    async with dialog_shown(FirstRun()) as (pilot, app):
        await typed(pilot, "q")
        await happens(pilot, lambda: not app.is_running)
