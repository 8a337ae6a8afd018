"""UsenetSync's own files are no part of a snapshot unless the user asks for them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from file_systems import bound
from worlds import FaultyStore, World

from usenetsync_tui.disk.source.own_files import OwnFiles, OwnPath
from usenetsync_tui.engine.own_paths import own_paths
from usenetsync_tui.errors import SourceError, leading_error
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.folders import Folder, Profile
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.pipeline.upload.upload import upload
from usenetsync_tui.settings.server import ServerSettings
from usenetsync_tui.settings.settings import Settings

pytestmark = pytest.mark.anyio
SECRETS = (b"the-password", b"the-key-of-keys", b"the-passphrase", b"a-file-password")


class Home:
    """A home directory that contains everything, in the usual places or in others."""

    def __init__(self, root: Path, *, elsewhere: bool) -> None:
        self.root = root
        place = root / "dotfiles" if elsewhere else root / ".config" / "usenetsync"
        place.mkdir(parents=True)
        self.locations = Locations(place, root / ".local" / "data", root / ".local" / "log")
        self.key = root / "secret-key" if elsewhere else place / "key"
        passphrase = root / "words" if elsewhere else place / "passphrase"
        password = root / "pw" / "first" if elsewhere else place / "password"
        password.parent.mkdir(exist_ok=True)
        self.config = place / "config.toml"
        self.config.write_bytes(b'password = "the-password"')
        self.key.write_bytes(b"the-key-of-keys")
        passphrase.write_bytes(b"the-passphrase")
        password.write_bytes(b"a-file-password")
        for folder in (self.locations.data_dir, self.locations.log_dir):
            folder.mkdir(parents=True)
            (folder / "file").write_bytes(b"the-password")
        (root / "photo").write_bytes(b"a photo")
        (root / ".local" / "other").write_bytes(b"other data")
        server = ServerSettings(name="first", host="news", password_file=password)
        self.settings = Settings(
            key_file=self.key if elsewhere else None,
            passphrase_file=passphrase,
            servers=[server],
        )

    def places(self, folder: Folder) -> list[OwnPath]:
        return own_paths(self.settings, self.locations, (), folder.own_files)


@pytest.fixture(params=[False, True], ids=["usual", "elsewhere"])
def home(world: World, request: pytest.FixtureRequest) -> Home:
    world.choices = FolderChoices(profile=Profile.PLAIN)
    return Home(world.root, elsewhere=request.param)


def leaks(store: FaultyStore) -> set[bytes]:
    """The secrets that were posted for anyone to read."""
    return {s for s in SECRETS if any(s in payload for payload in store.articles.values())}


async def test_a_home_with_everything_in_it(world: World, home: Home, store: FaultyStore) -> None:
    places = home.places(await world.folder())
    outcome = await world.upload(own=places)
    assert outcome.state is JobState.COMPLETED  # it is reported, and is no error
    assert leaks(store) == set()
    assert any(b"a photo" in payload for payload in store.articles.values())
    assert any(b"other data" in payload for payload in store.articles.values())
    notices = {n.path: n for n in await world.notices()}
    assert {n.kind for n in notices.values()} == {NoticeKind.SKIPPED}
    config = os.fsencode(home.locations.config_dir.relative_to(home.root)) + b"/"
    assert "UsenetSync's configuration" in notices[config].reason
    assert "--include-own-files" in notices[config].reason
    assert "UsenetSync's own data" in notices[b".local/data/"].reason
    if home.key.parent == home.root:
        assert "key file" in notices[b"secret-key"].reason
        assert "password file" in notices[b"pw/first"].reason


async def test_hard_links_other_names_and_bind_mounts(
    world: World, home: Home, store: FaultyStore
) -> None:
    (home.root / "links").mkdir()
    os.link(home.key, home.root / "links" / "holiday.jpg")
    os.link(home.config, home.root / "links" / "notes.txt")
    (home.root / "a symlink").symlink_to(home.config)  # has no content
    with bound(home.locations.config_dir, home.root / "mounted"):
        outcome = await world.upload(own=home.places(await world.folder()))
    assert outcome.state is JobState.COMPLETED
    assert leaks(store) == set()
    paths = {n.path for n in await world.notices()}
    assert {b"links/holiday.jpg", b"links/notes.txt", b"mounted/"} <= paths


async def test_a_configuration_that_is_a_link_to_dotfiles(
    world: World, home: Home, store: FaultyStore
) -> None:
    real = home.root / "git" / "config.toml"
    real.parent.mkdir()
    home.config.rename(real)
    home.config.symlink_to(real)
    assert (await world.upload(own=home.places(await world.folder()))).version == 1
    assert leaks(store) == set()
    assert b"git/config.toml" in {n.path for n in await world.notices()}


async def test_a_file_that_an_editor_replaces_meanwhile(
    world: World, home: Home, store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new file has another inode, and the old one another name."""
    made = OwnFiles.__init__

    def replaced(self: OwnFiles, *args: object) -> None:
        made(self, *args)  # type: ignore[arg-type]
        home.key.rename(home.root / "secret-key~")
        home.key.write_bytes(b"the-key-of-keys")

    monkeypatch.setattr(OwnFiles, "__init__", replaced)
    await world.upload(own=home.places(await world.folder()))
    assert leaks(store) == set()


async def test_they_are_kept_when_they_are_asked_for(
    world: World, home: Home, store: FaultyStore
) -> None:
    world.choices = FolderChoices(profile=Profile.PLAIN, own_files=True)
    await world.upload(own=home.places(await world.folder()))
    assert leaks(store) == set(SECRETS)
    # The database is still left out: a copy of it while it runs is useless.
    assert {n.path for n in await world.notices()} == {b".local/data/"}
    world.choices = FolderChoices()
    assert (await world.folder()).own_files  # the choice is remembered
    world.choices = FolderChoices(own_files=False)
    assert not (await world.folder()).own_files


async def test_a_folder_that_is_our_own_is_refused(world: World, home: Home) -> None:
    places = home.places(await world.folder())
    (home.locations.config_dir / "sub").mkdir()
    for folder in (home.locations.config_dir, home.locations.config_dir / "sub"):
        other = World(world.catalogue, world.rows, folder, world.scratch, world.store)
        with pytest.raises(ExceptionGroup) as caught:
            await upload(await other.new_run(), places)
        assert isinstance(leading_error(caught.value), SourceError)


def test_nothing_is_ours_by_default(tmp_path: Path) -> None:
    own = OwnFiles(os.fsencode(tmp_path))
    assert own.directory(b"a/", (1, 2)) is None
    assert own.root((1, 2)) is None
    assert not own.inodes
    assert not own.names(b"")
