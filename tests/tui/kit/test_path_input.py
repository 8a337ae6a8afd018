"""Paths typed and completed in real directories, some with hostile names."""

from __future__ import annotations

import os
import threading
from functools import partial
from pathlib import Path

import pytest
from dialog_ground import dialog_shown, happens, pasted, picture, typed
from hypothesis import given
from hypothesis import strategies as st
from textual.app import ComposeResult
from textual.widgets import OptionList

from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.kit import folder_listing
from usenetsync_tui.tui.kit.folder_listing import (
    check_new_file,
    check_source,
    check_target,
    list_folders,
)
from usenetsync_tui.tui.kit.form import Field, Form, line_input
from usenetsync_tui.tui.kit.hanging_calls import call_with_timeout
from usenetsync_tui.tui.kit.path_input import FolderList, PathField, PathInput
from usenetsync_tui.tui.kit.path_words import at_home, common_start, shown_path, typed_path

HOSTILE = (
    b"[@click=app.quit]x[",
    b"bell\x07\x1b]0;owned\x07",
    b"two\nlines",
    b"c1 \xc2\x9b31m",
    "bidi \u202egpj".encode(),
    b"latin-1 caf\xe9",
    b"back\\x41slash",
    b"marks Z" + "\u0301".encode() * 30,
    "写真".encode(),
)


class _OnePath(Form[bytes]):
    def fields(self) -> ComposeResult:
        yield PathField("Path", id="path")
        yield Field("Other", line_input("other"))

    def accept(self) -> None:
        self.dismiss(self.query_one(PathField).path)


@given(st.one_of(st.binary(), st.lists(st.sampled_from((*HOSTILE, b"\\", b"x41"))).map(b"".join)))
def test_every_path_can_be_shown_and_typed(path: bytes) -> None:
    shown = shown_path(path)
    assert typed_path(shown) == path
    assert safe_name(shown) == shown


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_typing_never_fails(text: str) -> None:
    typed_path(text)


@given(st.lists(st.text(min_size=1), min_size=1))
def test_the_common_start_ends_between_characters(names: list[str]) -> None:
    encoded = [name.encode("utf-8", "replace") for name in names]
    start = common_start(encoded)
    assert all(name.startswith(start) for name in encoded)
    start.decode()


def test_home() -> None:
    assert at_home(b"~", b"/home/me") == b"/home/me"
    assert at_home(b"~/a", b"/home/me") == b"/home/me/a"
    assert at_home(b"~you", b"/home/me") == b"~you"


def test_listing_lists_folders_and_links_to_them_hidden_ones_last(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path)
    for name in (b"b", b".a", b"c", *HOSTILE):
        os.mkdir(os.path.join(root, name))
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("b")
    (tmp_path / "dangling").symlink_to("nowhere")
    listing = list_folders(root)
    assert listing.names == (*sorted((b"b", b"c", b"link", *HOSTILE)), b".a")
    assert listing.complete
    assert list_folders(root, b"l").names == (b"latin-1 caf\xe9", b"link")


def test_a_listing_is_capped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_listing, "MOST_NAMES", 5)
    for number in range(8):
        (tmp_path / f"d{number}").mkdir()
    listing = list_folders(os.fsencode(tmp_path))
    assert len(listing.names) == 5
    assert not listing.complete
    assert list_folders(os.fsencode(tmp_path), b"d7").names == (b"d7",)
    assert not listing.answers(os.fsencode(tmp_path), b"d7")


@pytest.mark.parametrize(
    ("path", "problem"), [(b"/no/such", "No such file"), (b"/etc/passwd", "Not a"), (b"/\0", "NUL")]
)
def test_a_folder_that_cannot_be_listed_gives_the_reason(path: bytes, problem: str) -> None:
    assert problem in list_folders(path).problem


def test_sources_are_folders(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("folder")
    assert check_source(root + b"/link/").path == root + b"/folder"
    assert "not a folder" in check_source(root + b"/file").problem
    assert "No such" in check_source(root + b"/nothing").problem
    assert "NUL" in check_source(root + b"/\0").problem
    assert "begins with /" in check_source(b"folder").problem


def test_targets_are_not_inside_the_source(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path)
    (tmp_path / "kept").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "way-in").symlink_to("kept")
    source = root + b"/kept"
    assert check_target(root + b"/new/deep", source).path == root + b"/new/deep"
    assert check_target(root + b"/kept2", source).problem == ""
    for inside in (b"/kept", b"/kept/a", b"/way-in/a", b"/x/../kept/"):
        assert "inside the backed-up folder" in check_target(root + inside, source).problem
    assert "a file" in check_target(root + b"/file", source).problem
    assert "begins with /" in check_target(b"", source).problem
    (tmp_path / "kept").rmdir()
    for gone in (b"/kept", b"/kept/a", b"/way-in"):  # as the command allows it
        assert check_target(root + gone, source).problem == ""


def test_new_files_are_new(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path)
    (tmp_path / "file").touch()
    assert check_new_file(root + b"/a.nzb").path == root + b"/a.nzb"
    assert "already" in check_new_file(root + b"/file").problem
    assert "does not exist" in check_new_file(root + b"/x/a.nzb").problem
    assert "name of a file" in check_new_file(root + b"/").problem


@pytest.mark.anyio
async def test_a_call_that_never_returns_times_out() -> None:
    never = threading.Event()
    try:
        with pytest.raises(TimeoutError):
            await call_with_timeout(never.wait, seconds=0.05)
        assert await call_with_timeout(lambda: 3) == 3
        with pytest.raises(ZeroDivisionError):
            await call_with_timeout(lambda: 1 // 0)
    finally:
        never.set()


@pytest.mark.anyio
async def test_tab_completes_and_moves_on(tmp_path: Path) -> None:
    for name in ("photos/1998", "photos/1999", "phonebook"):
        (tmp_path / name).mkdir(parents=True)
    async with dialog_shown(_OnePath("A path")) as (pilot, app):
        line = app.screen.query_one(PathInput)
        await pasted(pilot, f"{tmp_path}/p")
        await typed(pilot, "<tab>")
        await happens(pilot, lambda: line.value == f"{tmp_path}/pho")
        await typed(pilot, "t", "<tab>")
        await happens(pilot, lambda: line.value == f"{tmp_path}/photos/")
        await typed(pilot, "1", "<tab>")
        await happens(pilot, lambda: line.value == f"{tmp_path}/photos/199")
        await typed(pilot, "<tab>")
        await pilot.pause(0.1)
        assert line.has_focus
        await typed(pilot, "<tab>")
        await happens(pilot, lambda: not line.has_focus)
        assert app.focused is app.screen.query_one("#other")


@pytest.mark.anyio
async def test_the_list_opens_folders_and_their_parents(tmp_path: Path) -> None:
    for name in ("a/deep", "b", ".hidden"):
        (tmp_path / name).mkdir(parents=True)
    async with dialog_shown(_OnePath("A path")) as (pilot, app):
        line, below = app.screen.query_one(PathInput), app.screen.query_one(FolderList)
        await pasted(pilot, f"{tmp_path}/")
        await happens(pilot, lambda: below.option_count == 3)
        await typed(pilot, "<down>", "<j>", "<k>", "<enter>")
        await happens(pilot, lambda: below.option_count == 1)
        assert line.value == f"{tmp_path}/a/"
        assert below.has_focus
        await typed(pilot, "<h>")
        await happens(pilot, lambda: below.option_count == 3)
        await typed(pilot, "<G>", "<l>")
        await happens(pilot, lambda: line.value == f"{tmp_path}/.hidden/")
        await happens(pilot, lambda: line.has_focus)  # no folder to open
        await typed(pilot, "new")
        assert line.value == f"{tmp_path}/.hidden/new"


@pytest.mark.anyio
async def test_typing_in_the_list_goes_to_the_line(tmp_path: Path) -> None:
    (tmp_path / "abc").mkdir()
    async with dialog_shown(_OnePath("A path")) as (pilot, app):
        below = app.screen.query_one(FolderList)
        await pasted(pilot, f"{tmp_path}/")
        await happens(pilot, lambda: below.option_count == 1)
        await typed(pilot, "<down>", "a", "b")
        line = app.screen.query_one(PathInput)
        assert line.has_focus
        assert line.value == f"{tmp_path}/ab"


@pytest.mark.anyio
@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_names_are_shown_harmless_and_chosen_exactly(
    tmp_path: Path, name: bytes
) -> None:
    root = os.fsencode(tmp_path)
    os.mkdir(os.path.join(root, name))
    async with dialog_shown(_OnePath("A path"), (200, 24)) as (pilot, app):
        below = app.screen.query_one(FolderList)
        await pasted(pilot, f"{tmp_path}/")
        await happens(pilot, lambda: below.option_count == 1)
        assert all(c == "\n" or safe_name(c) == c for c in picture(app))
        await typed(pilot, "<down>", "<enter>")
        await happens(pilot, lambda: below.option_count == 0)
        assert app.screen.query_one(PathField).path == root + b"/" + name + b"/"
        assert all(c == "\n" or safe_name(c) == c for c in picture(app))


@pytest.mark.anyio
async def test_a_mount_that_does_not_answer_leaves_the_line_usable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from usenetsync_tui.tui.kit import path_input

    answers = threading.Event()

    def dead(directory: bytes, prefix: bytes = b"") -> folder_listing.FolderListing:
        answers.wait()
        return folder_listing.FolderListing(directory)

    monkeypatch.setattr(path_input, "list_folders", dead)
    monkeypatch.setattr(path_input, "call_with_timeout", partial(call_with_timeout, seconds=0.1))
    try:
        async with dialog_shown(_OnePath("A path")) as (pilot, app):
            await typed(pilot, "/mnt/dead/")
            await happens(pilot, lambda: "does not answer" in picture(app))
            await typed(pilot, "x")
            assert app.screen.query_one(PathInput).value == "/mnt/dead/x"
    finally:
        answers.set()


@pytest.mark.anyio
async def test_a_listing_that_comes_while_the_form_closes_is_dropped() -> None:
    async with dialog_shown(_OnePath("A path")) as (pilot, app):
        field = app.screen.query_one(PathField)
        await field.remove_children()
        field.look()
        await pilot.pause()


@pytest.mark.anyio
async def test_an_empty_line_offers_places_to_begin() -> None:
    async with dialog_shown(_OnePath("A path")) as (pilot, app):
        below = app.screen.query_one(OptionList)
        await happens(pilot, lambda: below.option_count >= 2)
        await typed(pilot, "<down>", "<end>", "<enter>")
        await happens(pilot, lambda: app.screen.query_one(PathInput).value == "/")
