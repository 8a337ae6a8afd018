"""The small dialogs: a folder's backup options, an NZB, a verification, a number, a speed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from textual.app import ComposeResult

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.commands.folders import Choose, FolderChoices
from usenetsync_tui.model.commands.versions import ExportNzb
from usenetsync_tui.model.folders import Compression, Folder, Profile, Snapshot, StoreKind
from usenetsync_tui.model.sweeps import SAMPLE
from usenetsync_tui.model.text.figures import rate
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.dialogs.folder_fields import (
    COMPRESSIONS,
    COPIES_HINT,
    INODES,
    MOST_COPIES,
    OWN_FILES,
    OWN_KEPT,
    OWN_LEFT_OUT,
    PRIORITIES,
    priority_named,
    profiles,
)
from usenetsync_tui.tui.dialogs.posting_fields import (
    PostingValues,
    posting_chosen,
    posting_fields,
    public_words,
    show_posting,
)
from usenetsync_tui.tui.dialogs.version_field import VersionField
from usenetsync_tui.tui.kit.beside import run_beside
from usenetsync_tui.tui.kit.folder_listing import check_new_file, check_new_folder
from usenetsync_tui.tui.kit.form import Field, Form, line_input, whole_number
from usenetsync_tui.tui.kit.options import OptionRow, Options, Pick
from usenetsync_tui.tui.kit.path_input import PathField, checked
from usenetsync_tui.tui.kit.question import Ask, Choice
from usenetsync_tui.tui.kit.speed_words import speed_typed
from usenetsync_tui.tui.kit.version_words import finished


def _short(folder: Folder) -> str:
    return cut_middle(safe_name(folder.name), 40)


class FolderChoicesDialog(Form[Choose]):
    """How to back up a folder from its next version on.

    Dismissed with a `Choose` that holds only the changed options, or with None.
    """

    def __init__(self, folder: Folder) -> None:
        super().__init__(f"Backup options of {_short(folder)}")
        self._folder = folder

    def fields(self) -> ComposeResult:
        folder = self._folder
        realm = folder.realm
        priority = folder.priority.name.lower()
        yield Field("Priority", Options(PRIORITIES, priority, id="priority"))
        yield Field("Profile", Options(profiles(realm.store), realm.profile, id="profile"))
        yield Field("Copies", line_input("copies", str(folder.copies)), hint=COPIES_HINT)
        yield Field("Compression", Options(COMPRESSIONS, folder.compression, id="compression"))
        own = OWN_KEPT if folder.own_files else OWN_LEFT_OUT
        yield Field("Own files", Options(OWN_FILES, own, id="own"))
        inodes = "ignore" if folder.ignore_inode else "compare"
        yield Field("Inodes", Options(INODES, inodes, id="inodes"))
        if realm.store is StoreKind.USENET:
            yield from posting_fields(self._posting)

    def on_mount(self) -> None:
        """Hide the fields that have no effect, and warn of a public profile."""
        self._show_plain()
        self.call_after_refresh(self._warn_of_profile)

    @property
    def _posting(self) -> PostingValues:
        realm = self._folder.realm
        return PostingValues(realm.newsgroups, realm.sender, realm.is_obfuscated)

    def _show_plain(self) -> None:
        """Show poster and obfuscation only for plain articles."""
        show_posting(self, self._folder.realm.store, self.choice("profile"))

    @property
    def _is_public(self) -> bool:
        """Whether everybody can read what these answers post."""
        return bool(public_words(self, self._folder.realm.store, self.choice("profile")))

    def _warn_of_profile(self) -> None:
        """Show who can read the articles, and what a change of profile costs."""
        profile = self.choice("profile")
        words = [public_words(self, self._folder.realm.store, profile)]
        if self.choice("profile") != self._folder.realm.profile:
            words.append("Another profile: the next version reads and posts everything again.")
        field = next(f for f in self.query(Field) if f.name_of_field == "profile")
        field.complain(" ".join(filter(None, words)))

    def on_option_row_changed(self, event: OptionRow.Changed) -> None:
        """Show what another profile costs, and warn of own files that everybody could read."""
        self._show_plain()
        dangerous = self._is_public and self.choice("own") == OWN_KEPT
        own = next(f for f in self.query(Field) if f.name_of_field == "own")
        own.complain("EVERYBODY can read your passwords and keys." if dangerous else "")
        self._warn_of_profile()

    def accept(self) -> None:
        copies = whole_number(self.text("copies"), 1, MOST_COPIES)
        store, named = self._folder.realm.store, self.choice("profile")
        chosen, complaints = posting_chosen(self, self._posting, store, named)
        if isinstance(copies, str):
            complaints = {"copies": copies, **complaints}
        self.complain(complaints)
        if isinstance(copies, str) or complaints:
            return
        folder = self._folder
        profile = Profile(self.choice("profile"))
        priority = priority_named(self.choice("priority"))
        compression = Compression(self.choice("compression"))
        own = self.choice("own") == OWN_KEPT
        ignore_inode = self.choice("inodes") == "ignore"
        choices = replace(
            chosen,
            profile=profile if profile is not folder.realm.profile else None,
            copies=copies if copies != folder.copies else None,
            priority=priority if priority is not folder.priority else None,
            compression=compression if compression is not folder.compression else None,
            own_files=own if own is not folder.own_files else None,
            ignore_inode=ignore_inode if ignore_inode is not folder.ignore_inode else None,
        )
        self.end(Choose(folder.id, choices) if choices != FolderChoices() else None)


def nzb_refusal(folder: Folder) -> str:
    """Why a folder can have no NZB; empty when it can have one."""
    if (folder.realm.store, folder.realm.profile) == (StoreKind.USENET, Profile.PLAIN):
        return ""
    where = "on Usenet" if folder.realm.store is StoreKind.USENET else "in the database"
    return (
        f"{_short(folder)} is {folder.realm.profile} {where}: other programs "
        "can read only plain folders on Usenet."
    )


_ONE, _EACH = "one", "each"
_NZBS = (
    Pick(_ONE, "one", "One NZB of everything, in a new file."),
    Pick(
        _EACH,
        "one for each subfolder",
        "Path is then a folder. Files in no subfolder get an NZB of their own.",
    ),
)


class NzbDialog(Form[ExportNzb]):
    """Which version to write as NZB files, and where. Refuses some folders: see `nzb_refusal`."""

    ACTION = "Write"

    def __init__(
        self,
        folder: Folder,
        versions: Sequence[Snapshot],
        *,
        path: bytes = b"",
        version: int | None = None,
        each_subfolder: bool = False,
    ) -> None:
        """`path`: the initial text of the path field. `version`: the version chosen first."""
        super().__init__(f"NZB of {_short(folder)}")
        self._folder = folder
        self._versions = finished(versions)
        self._path = path
        self._each = each_subfolder
        self._chosen = version

    def fields(self) -> ComposeResult:
        yield VersionField(self._versions, self._chosen)
        hint = "A new file; or a folder for one NZB of each subfolder."
        yield PathField("Path", id="file", path=self._path, hint=hint)
        yield Field("NZBs", Options(_NZBS, _EACH if self._each else _ONE, id="nzbs"))

    def on_mount(self) -> None:
        """Show at once that the folder cannot have an NZB."""
        if nzb_refusal(self._folder):
            self.call_after_refresh(self.complain, {"version": nzb_refusal(self._folder)})

    def accept(self) -> None:
        run_beside(self, self._judge, group="judge", exclusive=True)

    async def _judge(self) -> None:
        version = self.query_one(VersionField).version
        each = self.choice("nzbs") == _EACH
        check = check_new_folder if each else check_new_file
        found = await checked(partial(check, self.query_one(PathField).path))
        refusal = nzb_refusal(self._folder) or (version if isinstance(version, str) else "")
        complaints = {"version": refusal, "file": found.problem}
        self.complain(complaints)
        if isinstance(version, Snapshot) and not any(complaints.values()):
            self.end(ExportNzb(self._folder.id, version.version, found.path, each))


class VerifyDialog(Ask):
    """Dismissed with ``look``, ``bodies`` or ``sample``, or with None."""

    def __init__(self, what: str) -> None:
        """`what`: the folders' names, safe to display."""
        choices = (
            Choice("l", "Look up the articles", "asks the servers; quick", "look"),
            Choice("f", "Fetch and check them", "downloads everything", "bodies"),
            Choice("s", f"Fetch and check 1/{SAMPLE}", "another part each time", "sample"),
        )
        super().__init__(f"Verify {what}?", choices)


class NumberDialog(Form[int]):
    """Asks for a whole number, such as workers or connections."""

    ACTION = "Set"

    def __init__(self, heading: str, label: str, now: int, *, most: int, hint: str = "") -> None:
        """The number is from 1 to `most`. The caller makes `heading` and `label` safe."""
        super().__init__(heading)
        self._label = label
        self._now = now
        self._most = most
        self._hint = hint or f"1 to {most}, from now on."

    def fields(self) -> ComposeResult:
        yield Field(self._label, line_input("number", str(self._now)), hint=self._hint)

    def accept(self) -> None:
        number = whole_number(self.text("number"), 1, self._most)
        if isinstance(number, str):
            self.complain({"number": number})
        else:
            self.end(number)


class SpeedDialog(Form[int]):
    """Asks how fast to post or fetch. Dismissed with bytes per second; 0: no limit."""

    ACTION = "Set"

    def __init__(self, now: int, *, server: str = "", way: str = "post to") -> None:
        """`server`: safe to display; empty: all together. `way`: ``post to`` or ``fetch from``."""
        super().__init__(f"How fast to {way} {server or 'all servers together'}")
        self._now = now

    def fields(self) -> ComposeResult:
        words = f"Now at most {rate(self._now)}." if self._now else "Now as fast as it goes."
        placeholder = "25M, 200 Mbit/s, or 0 for no limit"
        yield Field("At most", line_input("speed", placeholder=placeholder), hint=words)

    def accept(self) -> None:
        speed = speed_typed(self.text("speed"))
        if isinstance(speed, str):
            self.complain({"speed": speed})
        else:
            self.end(speed)
