"""The dialogs about folders, filled in with a user's keys."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from dialog_ground import (
    VERSIONS,
    dialog_shown,
    folder_at,
    happens,
    pasted,
    picture,
    typed,
)
from textual.binding import Binding
from textual.pilot import Pilot
from textual.widgets import Button, Input

from usenetsync_tui.model.commands.folders import Choose, FolderChoices, MoveFolder
from usenetsync_tui.model.commands.jobs import Restore, Upload
from usenetsync_tui.model.commands.versions import ExportNzb
from usenetsync_tui.model.folders import Compression, FolderDefaults, Priority, Profile, StoreKind
from usenetsync_tui.model.text.figures import rate
from usenetsync_tui.tui.commands.command_line import LineInput
from usenetsync_tui.tui.dialogs.add_folder import AddFolder
from usenetsync_tui.tui.dialogs.choices_dialog import (
    FolderChoicesDialog,
    NumberDialog,
    NzbDialog,
    SpeedDialog,
    VerifyDialog,
)
from usenetsync_tui.tui.dialogs.first_run import FirstRun
from usenetsync_tui.tui.dialogs.move_form import MoveForm
from usenetsync_tui.tui.dialogs.restoring.restore_dialog import RestoreDialog
from usenetsync_tui.tui.dialogs.server_form import ServerForm
from usenetsync_tui.tui.dialogs.version_field import VersionInput
from usenetsync_tui.tui.kit.form import Form
from usenetsync_tui.tui.kit.options import Options, Ticks
from usenetsync_tui.tui.kit.path_input import FolderList, PathInput

pytestmark = pytest.mark.anyio


async def test_a_folder_with_the_defaults(tmp_path: Path) -> None:
    async with dialog_shown(AddFolder(servers=True)) as (pilot, app):
        await pasted(pilot, str(tmp_path))
        await typed(pilot, *["<enter>"] * 8)
        await happens(pilot, lambda: bool(app.answers))
    assert app.answers == [
        Upload(
            os.fsencode(tmp_path.resolve()),
            FolderChoices(StoreKind.USENET, Profile.SEALED, 1, Priority.NORMAL, Compression.LZ4),
        )
    ]


async def test_a_folder_with_everything_chosen(tmp_path: Path) -> None:
    async with dialog_shown(AddFolder(servers=True)) as (pilot, app):
        await pasted(pilot, f"{tmp_path}/")
        await typed(pilot, "<tab>", "<right>", "<down>", "<l>", "<l>", "<down>", "3", "<tab>")
        await typed(pilot, "<left>", "<tab>", "<space>", "<tab>", "<enter>")
        await happens(pilot, lambda: bool(app.answers))
    assert app.answers[0] is not None
    assert app.answers[0].choices == FolderChoices(
        StoreKind.SHARDS, Profile.PLAIN, 3, Priority.HIGH, Compression.LZMA
    )


DEFAULTS = FolderDefaults(StoreKind.USENET, ("alt.binaries.test",), "Me <me@example.com>")


async def test_a_plain_folder_proposes_the_headers_of_the_settings(
    tmp_path: Path,
) -> None:
    async with dialog_shown(AddFolder(servers=True, defaults=DEFAULTS)) as (pilot, app):
        await pasted(pilot, str(tmp_path))
        assert "Newsgroups    alt.binaries.test" in picture(app)
        assert "Poster" not in picture(app)  # a sealed article has a random poster
        app.screen.query_one("#profile", Options).go_to(1)
        await pilot.pause()
        assert "Poster        Me <me@example.com>" in picture(app)
        assert "names and all" in picture(app)
        assert app.screen.query_one("#form").max_scroll_y == 0
        await over(pilot, "newsgroups", "alt.binaries.a,alt.binaries.b")
        await over(pilot, "poster", "You <you@example.com>")
        await typed(pilot, "<tab>", "<right>")
        assert "EVERYBODY can read it, but for the names." in picture(app)
        await accepted(pilot)
        await happens(pilot, lambda: bool(app.answers))
    assert app.answers[0] is not None
    choices = app.answers[0].choices
    assert choices.profile is Profile.PLAIN
    assert choices.newsgroups == ("alt.binaries.a", "alt.binaries.b")
    assert (choices.poster, choices.obfuscate) == ("You <you@example.com>", True)


async def test_fields_that_do_not_apply_are_hidden_and_not_checked(tmp_path: Path) -> None:
    async with dialog_shown(AddFolder(servers=True, defaults=DEFAULTS)) as (pilot, app):
        await pasted(pilot, str(tmp_path))
        await over(pilot, "newsgroups", "no such, group")
        app.screen.query_one("#store").focus()
        await typed(pilot, "<right>")
        assert "Newsgroups" not in picture(app)
        await accepted(pilot)
        await happens(pilot, lambda: bool(app.answers))
    assert app.answers[0] is not None
    assert (app.answers[0].choices.store, app.answers[0].choices.newsgroups) == (
        StoreKind.SHARDS,
        None,
    )


async def test_plain_on_usenet_warns_and_packed_is_not_offered() -> None:
    async with dialog_shown(AddFolder(servers=True)) as (pilot, app):
        assert "packed" not in picture(app)
        await typed(pilot, "<tab>", "<tab>", "<right>")
        assert "EVERYBODY can read it" in picture(app)
        await typed(pilot, "<up>", "<right>")
        assert "packed" in picture(app)
        assert "EVERYBODY" not in picture(app)
        await typed(pilot, "<left>")
        assert "EVERYBODY can read it" in picture(app)  # plain is still chosen


async def test_without_servers_there_is_the_database() -> None:
    async with dialog_shown(AddFolder(servers=False)) as (_, app):
        assert "● database" in picture(app)
        assert "usenet" not in picture(app)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", "Type the whole path"),
        ("photos", "Type the whole path"),
        ("/etc/passwd", "a file, not a folder"),
        ("/no/such/folder", "No such file or directory"),
    ],
)
async def test_a_path_that_is_no_folder_is_refused_with_a_sentence(path: str, said: str) -> None:
    async with dialog_shown(AddFolder(servers=True)) as (pilot, app):
        if path:
            await pasted(pilot, path)
        await typed(pilot, "<shift+tab>", "<enter>")
        await happens(
            pilot, lambda: f"! {said}" in picture(app) or f"! This is {said}" in picture(app)
        )
        assert app.focused is app.screen.query_one("#path")
        await typed(pilot, "x")
        assert "!" not in picture(app)
        await typed(pilot, "<escape>")
    assert app.answers == [None]


@pytest.mark.parametrize("copies", ["0", "11", "two", "", "٣"])
async def test_copies_are_one_to_ten(tmp_path: Path, copies: str) -> None:
    async with dialog_shown(AddFolder(servers=True, path=os.fsencode(tmp_path))) as (pilot, app):
        await typed(pilot, "<enter>", "<enter>", "<enter>", "<backspace>", copies or "<left>")
        await typed(pilot, *["<enter>"] * 5)
        await happens(pilot, lambda: "10." in picture(app))
        assert app.focused is app.screen.query_one("#copies")
    assert app.answers == []


async def test_restoring_the_newest_version(tmp_path: Path) -> None:
    dialog = RestoreDialog(folder_at(b"/kept"), VERSIONS)
    async with dialog_shown(dialog) as (pilot, app):
        assert "30 files" in picture(app)
        await typed(pilot, *["<enter>"] * 4)
        await pasted(pilot, f"{tmp_path}/back")
        await typed(pilot, "<enter>")
        assert "files that differ are replaced" in picture(app).lower()
        await typed(pilot, *["<enter>"] * 4)
        await happens(pilot, lambda: bool(app.answers))
    target = os.fsencode(tmp_path.resolve()) + b"/back"
    assert app.answers == [Restore(7, target, 3)]


async def test_restoring_a_part_of_an_older_version(tmp_path: Path) -> None:
    dialog = RestoreDialog(folder_at(b"/kept"), VERSIONS, [b"caf\xe9/"])
    async with dialog_shown(dialog) as (pilot, app):
        await typed(pilot, "<right>", "<right>", "<right>", "<left>", "<tab>", "<end>", "a")
        assert r"caf\xe9/a" in picture(app)
        await typed(pilot, *["<tab>"] * 3)
        await pasted(pilot, f"{tmp_path}")
        await typed(pilot, "<ctrl+s>")
        await happens(pilot, lambda: bool(app.answers))
    assert app.answers == [Restore(7, os.fsencode(tmp_path.resolve()), 2, (b"caf\xe9/a",))]


@pytest.mark.parametrize(
    ("version", "target", "said"),
    [
        ("9", "/tmp", "no such version. Versions: 3, 2, 1."),
        ("4", "/tmp", "no such version"),
        ("3", "back", "Type the whole path"),
        ("3", "SOURCE/in/it", "inside the backed-up folder"),
    ],
)
async def test_a_restore_that_cannot_be_is_refused(
    tmp_path: Path, version: str, target: str, said: str
) -> None:
    dialog = RestoreDialog(folder_at(os.fsencode(tmp_path)), VERSIONS)
    async with dialog_shown(dialog) as (pilot, app):
        await typed(pilot, version, *["<enter>"] * 4)
        await pasted(pilot, target.replace("SOURCE", str(tmp_path)))
        await typed(pilot, "<ctrl+s>")
        await happens(pilot, lambda: said in " ".join(picture(app).replace("│", "").split()))
    assert app.answers == []


async def test_a_folder_without_a_version_cannot_be_restored() -> None:
    async with dialog_shown(RestoreDialog(folder_at(b"/kept"), VERSIONS[3:])) as (pilot, app):
        assert "no finished version yet" in picture(app)
        await typed(pilot, "<right>", "<left>", "<shift+tab>", "<enter>")
        await happens(pilot, lambda: "! There is no finished version" in picture(app))


async def test_choices_are_those_that_changed() -> None:
    async with dialog_shown(FolderChoicesDialog(folder_at(b"/kept"))) as (pilot, app):
        await typed(pilot, "<left>", "<tab>", "<tab>", "5", *["<enter>"] * 6)
    assert app.answers == [Choose(7, FolderChoices(copies=5, priority=Priority.HIGH))]


async def test_choosing_nothing_chooses_nothing() -> None:
    async with dialog_shown(FolderChoicesDialog(folder_at(b"/kept"))) as (pilot, app):
        await typed(pilot, *["<enter>"] * 8)
    assert app.answers == [None]


async def test_own_files_that_others_can_read_get_a_warning() -> None:
    async with dialog_shown(FolderChoicesDialog(folder_at(b"/kept"))) as (pilot, app):
        await typed(pilot, "<tab>", "<right>", "<tab>", "<tab>", "<tab>", "<right>")
        assert "EVERYBODY can read your passwords and keys" in picture(app)
        await typed(pilot, "<shift+tab>", "<shift+tab>", "<shift+tab>", "<left>")
        assert "passwords and keys" not in picture(app)
        await typed(pilot, *["<enter>"] * 8)
    assert app.answers == [Choose(7, FolderChoices(own_files=True))]


async def test_inode_numbers_can_be_ignored() -> None:
    async with dialog_shown(FolderChoicesDialog(folder_at(b"/kept"))) as (pilot, app):
        await typed(pilot, *["<tab>"] * 5, "<right>")
        assert "mergerfs" in picture(app)
        await typed(pilot, "<enter>", "<enter>", "<enter>")
    assert app.answers == [Choose(7, FolderChoices(ignore_inode=True))]


async def test_another_profile_says_what_it_costs() -> None:
    async with dialog_shown(FolderChoicesDialog(folder_at(b"/kept"))) as (pilot, app):
        await typed(pilot, "<tab>", "<right>")
        assert "EVERYBODY can read it" in picture(app)
        assert "reads and posts everything again" in picture(app)
        await typed(pilot, "<left>")
        assert "again" not in picture(app)
        await typed(pilot, "<right>", *["<enter>"] * 9)
    assert app.answers == [Choose(7, FolderChoices(profile=Profile.PLAIN))]


PLAIN = folder_at(
    b"/kept",
    profile=Profile.PLAIN,
    newsgroups=("alt.tset", "alt.misc"),
    poster="Anm <ann@example.com>",
)


async def over(pilot: Pilot[None], name: str, text: str) -> None:
    """Go to a field of the dialog, and replace its text."""
    line = pilot.app.screen.query_one(f"#{name}", Input)
    line.focus()
    line.value = text[:-1]
    await pilot.press("end", *text[-1:])
    await pilot.pause()


async def accepted(pilot: Pilot[None]) -> None:
    pilot.app.screen.query_one("#accept", Button).press()
    await pilot.pause()


async def test_newsgroups_poster_and_obfuscation_are_chosen() -> None:
    async with dialog_shown(FolderChoicesDialog(PLAIN)) as (pilot, app):
        shown = picture(app)
        assert "alt.tset,alt.misc" in shown and "Anm <ann@example.com>" in shown
        assert "Obfuscate" in shown
        await over(pilot, "newsgroups", "alt.test, alt.misc")
        await over(pilot, "poster", "Ann <ann@example.com>")
        assert "EVERYBODY can read it, names and all." in picture(app)
        await typed(pilot, "<tab>", "<right>")
        assert "EVERYBODY can read it, but for the names." in picture(app)
        assert "only the NZB has the real names" in " ".join(picture(app).split())
        await typed(pilot, "<enter>", "<enter>")
    chosen = FolderChoices(
        newsgroups=("alt.test", "alt.misc"), poster="Ann <ann@example.com>", obfuscate=True
    )
    assert app.answers == [Choose(7, chosen)]


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("newsgroups", "alt..test", "'alt..test' is not the name of a newsgroup."),
        ("newsgroups", "alt.a,,alt.b", "A newsgroup is missing."),
        ("newsgroups", "", "A newsgroup is missing."),
        ("poster", "ann", "'ann' is not a poster."),
        ("poster", "Ann <ann@>", "Name <name@example.com>"),
    ],
)
async def test_invalid_headers_are_reported_in_their_fields(
    field: str, text: str, said: str
) -> None:
    async with dialog_shown(FolderChoicesDialog(PLAIN)) as (pilot, app):
        await over(pilot, field, text)
        await accepted(pilot)
        assert said in picture(app)
        assert app.focused is app.screen.query_one(f"#{field}")
        await typed(pilot, "<escape>")
    assert app.answers == [None]
    adding = AddFolder(servers=True, path=b"/", defaults=DEFAULTS)  # the same checks
    async with dialog_shown(adding) as (pilot, app):
        app.screen.query_one("#profile", Options).go_to(1)
        await pilot.pause()
        await over(pilot, field, text)
        await accepted(pilot)
        await happens(pilot, lambda: said in picture(app))
        assert app.focused is app.screen.query_one(f"#{field}")
        assert app.answers == []


async def test_poster_and_obfuscation_are_those_of_plain_articles() -> None:
    async with dialog_shown(FolderChoicesDialog(PLAIN)) as (pilot, app):
        await over(pilot, "poster", "no poster")
        await typed(pilot, *["<shift+tab>"] * 6, "<left>")
        assert "Newsgroups" in picture(app) and "Poster" not in picture(app)
        await accepted(pilot)
    assert app.answers == [Choose(7, FolderChoices(profile=Profile.SEALED))]
    database = folder_at(b"/kept", store=StoreKind.SHARDS, profile=Profile.PLAIN)
    async with dialog_shown(FolderChoicesDialog(database)) as (pilot, app):
        assert "Newsgroups" not in picture(app) and "Poster" not in picture(app)
        await accepted(pilot)
    assert app.answers == [None]


async def test_an_nzb(tmp_path: Path) -> None:
    plain = folder_at(b"/kept", profile=Profile.PLAIN)
    async with dialog_shown(NzbDialog(plain, VERSIONS)) as (pilot, app):
        await typed(pilot, "<enter>")
        await pasted(pilot, f"{tmp_path}/a.nzb")
        await typed(pilot, "<enter>", "<enter>", "<enter>")
        await happens(pilot, lambda: bool(app.answers))
    assert app.answers == [ExportNzb(7, 3, os.fsencode(tmp_path.resolve()) + b"/a.nzb")]


@pytest.mark.parametrize("name", ["", "new", "new/er"])
async def test_an_nzb_for_each_subfolder(tmp_path: Path, name: str) -> None:
    plain = folder_at(b"/kept", profile=Profile.PLAIN)
    async with dialog_shown(NzbDialog(plain, VERSIONS)) as (pilot, app):
        await typed(pilot, "<enter>")
        await pasted(pilot, f"{tmp_path}/{name}")
        await typed(pilot, "<enter>", "<right>", "<enter>", "<enter>")
        await happens(pilot, lambda: bool(app.answers))
    path = os.path.join(os.fsencode(tmp_path.resolve()), os.fsencode(name)).rstrip(b"/")
    assert app.answers == [ExportNzb(7, 3, path, each_subfolder=True)]


async def test_an_nzb_path_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    plain = folder_at(b"/kept", profile=Profile.PLAIN)
    (tmp_path / "file").write_bytes(b"")
    for path, said in (
        (f"{tmp_path}/file", "This is a file, not a folder."),
        (f"{tmp_path}/file/below", "a file in the way"),
        ("here", "Type the whole path"),
    ):
        dialog = NzbDialog(plain, VERSIONS, path=os.fsencode(path), each_subfolder=True)
        async with dialog_shown(dialog) as (pilot, app):
            await accepted(pilot)
            await happens(pilot, lambda said=said: said in picture(app))  # type: ignore[misc]


async def test_an_nzb_of_a_sealed_folder_is_refused_at_once(tmp_path: Path) -> None:
    async with dialog_shown(NzbDialog(folder_at(b"/kept"), VERSIONS)) as (pilot, app):
        await happens(pilot, lambda: "photos [/] is sealed on Usenet" in picture(app))
        await typed(pilot, "<enter>")
        await pasted(pilot, f"{tmp_path}/a.nzb")
        await typed(pilot, "<enter>", "<enter>", "<enter>")
        await pilot.pause(0.2)
        assert "photos [/] is sealed on Usenet" in picture(app)
    assert app.answers == []


@pytest.mark.parametrize(("keys", "answer"), [("l", "look"), ("f", "bodies"), ("", None)])
async def test_verifying(keys: str, answer: str | None) -> None:
    async with dialog_shown(VerifyDialog(folder_at(b"/kept"))) as (pilot, app):
        await typed(pilot, keys or "<escape>")
    assert app.answers == [answer]


async def test_a_number() -> None:
    async with dialog_shown(NumberDialog("Workers", "Workers", 8, most=32)) as (pilot, app):
        await typed(pilot, "33", "<enter>")
        assert "! From 1 to 32." in picture(app)
        await typed(pilot, "<backspace>", "<backspace>", "12", "<enter>")
    assert app.answers == [12]


async def test_a_speed() -> None:
    async with dialog_shown(SpeedDialog(1_000_000)) as (pilot, app):
        assert f"Now at most {rate(1_000_000)}." in picture(app)
        await typed(pilot, "fast", "<enter>")
        assert "! Type a speed such as 25M" in picture(app)
        await typed(pilot, *["<backspace>"] * 4, "200 Mbit/s", "<enter>")
    assert app.answers == [25_000_000]


async def test_enter_pressed_twice_answers_once() -> None:
    async with dialog_shown(NumberDialog("Workers", "Workers", 8, most=32)) as (pilot, app):
        button = app.screen.query_one("#accept", Button)
        button.press()
        button.press()
        await pilot.pause()
    assert app.answers == [8]


@pytest.mark.parametrize(
    "form",
    [
        lambda: AddFolder(servers=True),
        lambda: RestoreDialog(folder_at(b"/kept"), VERSIONS),
        lambda: FolderChoicesDialog(folder_at(b"/kept")),
        lambda: FolderChoicesDialog(PLAIN),
        lambda: NzbDialog(folder_at(b"/kept"), VERSIONS),
        lambda: NumberDialog("Workers", "Workers", 8, most=32),
        lambda: SpeedDialog(0),
        ServerForm,
    ],
)
async def test_forms_fit_a_small_terminal_and_begin_at_the_first_field(
    form: Callable[[], Form[object]],
) -> None:
    async with dialog_shown(form()) as (_, app):
        frame = app.screen.query_one("#form")
        assert frame.max_scroll_y == 0
        assert frame.region.width <= 80
        first = next(iter(app.screen.query("Input, OptionRow")))
        assert app.focused is first


def test_bindings_have_ids_and_leave_the_multiplexer_alone() -> None:
    taken = {"ctrl+a", "ctrl+b", "ctrl+z", "ctrl+i", "ctrl+h"}
    owners = (Form, Options, Ticks, PathInput, FolderList, VersionInput, ServerForm)
    for owner in (*owners, FirstRun, LineInput):
        for binding in owner.BINDINGS:
            assert isinstance(binding, Binding)
            assert binding.id
            assert not taken & set(binding.key.split(","))


async def test_a_moved_folder(tmp_path: Path) -> None:
    """The form begins where the folder was; it is left with another path only."""
    before, now = tmp_path / "before", tmp_path / "now"
    before.mkdir()
    folder = folder_at(os.fsencode(before))
    async with dialog_shown(MoveForm(folder)) as (pilot, app):
        await happens(pilot, lambda: bool(app.screen.query(PathInput)))
        assert app.screen.query_one(PathInput).value == str(before)
        await pilot.press("ctrl+s")
        await happens(pilot, lambda: "It is there already." in picture(app))
        app.screen.query_one(PathInput).value = str(now)
        await pilot.pause()
        await pilot.press("ctrl+s")
        await happens(pilot, lambda: "No such file" in picture(app))
        now.mkdir()
        await pilot.press("ctrl+s")
        await happens(pilot, lambda: bool(app.answers))
    assert app.answers == [MoveFolder(folder.id, os.fsencode(now))]
