"""The dialog that adds a folder: its path, and how to back it up."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from textual.app import ComposeResult

from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.commands.jobs import Upload
from usenetsync_tui.model.folders import Compression, FolderDefaults, Profile, StoreKind
from usenetsync_tui.tui.dialogs.folder_fields import (
    COMPRESSIONS,
    COPIES_HINT,
    MOST_COPIES,
    PRIORITIES,
    STORES,
    priority_named,
    profiles,
    usual_profile,
)
from usenetsync_tui.tui.dialogs.posting_fields import (
    PostingValues,
    posting_chosen,
    posting_fields,
    public_words,
    show_posting,
)
from usenetsync_tui.tui.kit.beside import run_beside
from usenetsync_tui.tui.kit.folder_listing import check_source
from usenetsync_tui.tui.kit.form import Field, Form, line_input, whole_number
from usenetsync_tui.tui.kit.options import OptionRow, Options
from usenetsync_tui.tui.kit.path_input import PathField, checked


class AddFolder(Form[Upload]):
    """Dismissed with the upload to start, or with None."""

    ACTION = "Start"

    def __init__(
        self,
        *,
        servers: bool,
        path: bytes = b"",
        defaults: FolderDefaults | None = None,
        as_new: bool = False,
    ) -> None:
        """`servers`: whether a server is configured. `path`: the initial text of the path field.

        `defaults`: the settings for new folders. `as_new`: even if it is that of a known folder.
        """
        super().__init__("Add a folder")
        self._path = path
        self._as_new = as_new
        known = defaults or FolderDefaults()
        self._posting = PostingValues(known.newsgroups, known.sender)
        self._stores = (StoreKind.USENET, StoreKind.SHARDS) if servers else (StoreKind.SHARDS,)
        self._shown_store = self._stores[0]

    def fields(self) -> ComposeResult:
        store = self._stores[0]
        yield PathField("Folder", id="path", path=self._path, hint="The folder to back up.")
        picks = [STORES[kind] for kind in self._stores]
        yield Field("Store", Options(picks, store, id="store"))
        usual = usual_profile(store)
        yield Field("Profile", Options(profiles(store), usual, id="profile"))
        yield Field("Copies", line_input("copies", "1"), hint=COPIES_HINT)
        yield Field("Priority", Options(PRIORITIES, "normal", id="priority"))
        yield Field("Compression", Options(COMPRESSIONS, Compression.LZ4, id="compression"))
        yield from posting_fields(self._posting)

    def on_mount(self) -> None:
        """Hide the fields that have no effect with these answers."""
        show_posting(self, self._shown_store, self.choice("profile"))

    def on_option_row_changed(self, event: OptionRow.Changed) -> None:
        """Offer the profiles of the store, and the header fields of store and profile."""
        store = StoreKind(self.choice("store"))
        if store is not self._shown_store:
            self._shown_store = store
            row = self.query_one("#profile", Options)
            kept = Profile.PLAIN if row.value == Profile.PLAIN else usual_profile(store)
            row.offer(profiles(store), kept)
        profile = self.choice("profile")
        show_posting(self, store, profile)
        field = next(f for f in self.query(Field) if f.name_of_field == "profile")
        field.complain(public_words(self, store, profile))

    def accept(self) -> None:
        run_beside(self, self._judge, group="judge", exclusive=True)

    async def _judge(self) -> None:
        copies = whole_number(self.text("copies"), 1, MOST_COPIES)
        found = await checked(partial(check_source, self.query_one(PathField).path))
        store, profile = StoreKind(self.choice("store")), self.choice("profile")
        chosen, wrong = posting_chosen(self, self._posting, store, profile)
        complaints = {"path": found.problem} if found.problem else {}
        if isinstance(copies, str):
            complaints["copies"] = copies
        complaints |= wrong
        self.complain(complaints)
        if not complaints:
            self.end(Upload(found.path, self._choices(int(copies), chosen), as_new=self._as_new))

    def _choices(self, copies: int, chosen: FolderChoices) -> FolderChoices:
        return replace(
            chosen,
            store=StoreKind(self.choice("store")),
            profile=Profile(self.choice("profile")),
            copies=copies,
            priority=priority_named(self.choice("priority")),
            compression=Compression(self.choice("compression")),
        )
