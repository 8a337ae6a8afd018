"""Every key of the screen: where it works, and what must follow when it is pressed.

A place is what has the focus: a pane, a list, a field, a dialog. It names the keys to open it and a
case for each binding that it is the place to test; `also` names the bindings that other places
test. `test_every_key` compares both with the bindings themselves.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import HelpPanel, Input, OptionList
from tui_demo import (
    SharingHandle,
    examination,
    folder,
    folders_of,
    job,
    past_jobs,
    servers,
)
from tui_fakes import FakeBrowser, article

from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.engine import Examine, StopExamining
from usenetsync_tui.model.commands.folders import FolderChoices, PreviewFilters
from usenetsync_tui.model.commands.jobs import (
    ActOnFiles,
    Pause,
    PauseAll,
    PostIndex,
    Restore,
    Resume,
    ResumeAll,
    Retry,
    SetPriority,
    Upload,
)
from usenetsync_tui.model.commands.recovery import StopStringRestore
from usenetsync_tui.model.commands.servers import PauseServer, ResumeServer, SetConnections
from usenetsync_tui.model.commands.versions import PreviewRestore, ProtectVersions
from usenetsync_tui.model.dry_runs import DryRunRow, Preview
from usenetsync_tui.model.filters import Filters
from usenetsync_tui.model.folders import Priority, Profile, Realm, StoreKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.lists.files import FileAction, FileOrder
from usenetsync_tui.model.ports.browser import FileRow
from usenetsync_tui.model.restores.plans import Fate, PlannedPath, RestorePreview
from usenetsync_tui.model.servers.servers import ServerState
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.model.status.recovery import StringRestoreStatus
from usenetsync_tui.model.versions.changes import Change
from usenetsync_tui.model.versions.keep_rules import KeepRules
from usenetsync_tui.tui.app import UsenetSyncApp
from usenetsync_tui.tui.commands.command_line import CommandLine, LineInput
from usenetsync_tui.tui.dialogs.add_folder import AddFolder
from usenetsync_tui.tui.dialogs.by_string.adopt_form import AdoptForm
from usenetsync_tui.tui.dialogs.by_string.share_dialog import (
    PassphraseForm,
    ShareDialog,
    StringFileForm,
)
from usenetsync_tui.tui.dialogs.by_string.string_restore_form import StringRestoreForm
from usenetsync_tui.tui.dialogs.choices_dialog import (
    FolderChoicesDialog,
    NumberDialog,
    NzbDialog,
    VerifyDialog,
)
from usenetsync_tui.tui.dialogs.filters_form import FiltersForm
from usenetsync_tui.tui.dialogs.first_run import FirstRun
from usenetsync_tui.tui.dialogs.move_form import MoveForm
from usenetsync_tui.tui.dialogs.restoring.plan_dialog import PlanDialog
from usenetsync_tui.tui.dialogs.restoring.restore_dialog import RestoreDialog
from usenetsync_tui.tui.dialogs.server_form import ServerForm
from usenetsync_tui.tui.files.files_pane import FilterInput
from usenetsync_tui.tui.files.files_table import FilesTable
from usenetsync_tui.tui.keeping.effect_view import EffectView
from usenetsync_tui.tui.keeping.forget_form import ForgetForm
from usenetsync_tui.tui.keeping.keep_form import KeepForm
from usenetsync_tui.tui.keeping.remove_form import RemoveForm
from usenetsync_tui.tui.keeping.tags_form import TagsForm
from usenetsync_tui.tui.kit.choosing_view import ChoosingView
from usenetsync_tui.tui.kit.lines_view import LinesView
from usenetsync_tui.tui.kit.options import OptionRow
from usenetsync_tui.tui.kit.paged_table import PagedTable
from usenetsync_tui.tui.kit.path_input import FolderList, PathInput
from usenetsync_tui.tui.kit.question import Ask
from usenetsync_tui.tui.kit.secret_input import SecretInput
from usenetsync_tui.tui.panes.folders_pane import FoldersPane
from usenetsync_tui.tui.panes.pane_order import PANES
from usenetsync_tui.tui.screens.article_screen import ArticleScreen
from usenetsync_tui.tui.screens.articles_screen import ArticlesScreen
from usenetsync_tui.tui.screens.changes_screen import ChangesScreen
from usenetsync_tui.tui.screens.costs_screen import CostsScreen
from usenetsync_tui.tui.screens.doctor_screen import DoctorScreen
from usenetsync_tui.tui.screens.files_screen import FilesScreen
from usenetsync_tui.tui.screens.find_screen import FindScreen
from usenetsync_tui.tui.screens.history_screen import HistoryScreen, NoticesScreen
from usenetsync_tui.tui.screens.past_screen import PastScreen
from usenetsync_tui.tui.screens.versions_screen import VersionsScreen

FOLDERS = (*"01234567", "long name")
"""Folders in a folder of the disk."""
ROWS = 40
"""Files in the list, and more rows than fit."""


class Ground:
    """A running application, as the cases look at it."""

    def __init__(self, app: UsenetSyncApp, handle: SharingHandle, root: Path) -> None:
        """`root`: an empty folder."""
        self.app = app
        self.root = bytes(root)
        for name in FOLDERS:
            (root / name / "below").mkdir(parents=True)
        self.handle = handle
        self.focus: Widget = Widget()
        """What has the focus before the key is pressed."""
        self.opened: list[Screen[Any]] = []
        """The screens that the key opens; they are not shown."""

    @property
    def at(self) -> int:
        """Where the cursor is: a row, an item, an option, or how far lines are scrolled."""
        match self.focus:
            case PagedTable():
                return self.focus.cursor
            case ChoosingView():
                return self.focus._index()
            case OptionRow():
                return self.focus._at
            case OptionList():
                return self.focus.highlighted or 0
            case Input():
                return self.focus.cursor_position
        return int(self.focus.scroll_offset.y)

    @property
    def toasts(self) -> list[str]:
        return [each.message for each in self.app._notifications]

    def the(self, kind: type[Widget]) -> bool:
        """Whether a widget of this kind has the focus."""
        return isinstance(self.app.focused, kind)


Seen = Callable[[Ground], bool]


@dataclasses.dataclass(frozen=True)
class Case:
    """A key of a place."""

    seen: Seen
    before: tuple[str, ...] = ()
    """The keys to press first."""
    change: Callable[[EngineStatus], EngineStatus] | None = None
    """Another status for this case."""


@dataclasses.dataclass(frozen=True)
class Place:
    """Where keys work."""

    open: tuple[str, ...] | Callable[[Ground], Screen[Any]]
    """The keys that lead here from the dashboard's folders; or a screen over the dashboard."""
    cases: Mapping[str, Case | Seen]
    """By the id of the binding; of a key with several actions, by the id of the action. They run
    in this order."""
    also: frozenset[str] = frozenset()
    """The bindings that may work here too, and have their case in another place."""
    here: Seen = lambda g: g.app.focused is not None
    """Whether it has the focus, and is read."""
    then: tuple[str, ...] = ()
    """The keys to press here first."""
    change: Callable[[EngineStatus], EngineStatus] | None = None


# What can follow


def sends(*commands: Command) -> Seen:
    return lambda g: g.handle.commands == list(commands)


def opens(screen: type[Widget]) -> Seen:
    return lambda g: [type(each) for each in g.opened] == [screen]


def asks(words: str) -> Seen:
    """A question with these words."""
    return lambda g: any(isinstance(each, Ask) and words in each._question for each in g.opened)


def says(words: str) -> Seen:
    return lambda g: any(words in toast for toast in g.toasts)


def goes(to: int) -> Seen:
    """The cursor is on a row then; negative: counted from the last."""
    return lambda g: g.at == (to if to >= 0 else _last(g) + 1 + to)


def goes_up(g: Ground) -> bool:
    """To the start of a list that begins in the middle."""
    return g.at < 3


def goes_down(g: Ground) -> bool:
    return g.at > 3


def closes(g: Ground) -> bool:
    """The place is left."""
    return not g.focus.is_attached or g.focus.screen is not g.app.screen


def focuses(id: str) -> Seen:
    return lambda g: g.app.focused is not None and g.app.focused.id == id


def holds(id: str, value: str) -> Seen:
    """A text field holds a value."""
    return lambda g: g.app.screen.query_one(f"#{id}", Input).value == value


def _last(g: Ground) -> int:
    match g.focus:
        case PagedTable():
            return g.focus.row_count - 1
        case ChoosingView():
            return len(g.focus._items) - 1
        case OptionList():
            return g.focus.option_count - 1
    return int(g.focus.max_scroll_y)


def _files(g: Ground) -> FilesTable:
    assert isinstance(g.focus, FilesTable)
    return g.focus


def _acts(action: FileAction) -> Seen:
    def seen(g: Ground) -> bool:
        sent = g.handle.commands
        return len(sent) == 1 and isinstance(sent[0], ActOnFiles) and sent[0].action is action

    return seen


def moving(name: str, first: int = 0) -> dict[str, Case | Seen]:
    """The six movements, from row 3 on."""
    return {
        f"{name}.up": goes(2),
        f"{name}.down": goes(4),
        f"{name}.page_up": goes_up,
        f"{name}.page_down": goes_down,
        f"{name}.home": goes(first),
        f"{name}.end": goes(-1),
    }


LIST = frozenset(moving("list"))
LINES = frozenset(moving("lines"))
CHOICE = frozenset(moving("choice"))
EVERYWHERE = frozenset({"app.quit", "app.help", "app.theme"})
_FOLDER = ("upload", "restore", "verify", "nzb", "share")
_HERE = frozenset(
    {
        *(f"folders.{each}" for each in _FOLDER),
        *("files.find", "files.past", "folders.costs", "folders.filters", "folders.move"),
        *("folders.keep", "folders.remove", "versions.forget", "versions.tag", "versions.protect"),
        *("job.pause", "jobs.pause", "job.cancel", "job.retry", "job.sooner", "job.later"),
        *("servers.bandwidth", "workers.count", "app.history", "app.doctor", "app.command"),
    }
)
DEEPER = _HERE | {"deeper.back", "app.help", "app.theme", "app.quit"}
DASHBOARD = (
    _HERE
    | EVERYWHERE
    | {"panes.next", "panes.previous", "panes.show_errors", "panes.show_log"}
    | {f"panes.{pane}" for pane in PANES}
    | {"folders.add", "folders.adopt", "folders.restore_string", "folders.choices"}
)
FORM = frozenset({"form.back", "form.next", "form.previous", "form.enter", "form.finish"})
OPTIONS = frozenset({"options.left", "options.right", "options.turn"})
ASK = frozenset({"ask.back", "ask.down", "ask.up"})


# The engine


def _jobs(state: JobState, **changes: object) -> Callable[[EngineStatus], EngineStatus]:
    def change(status: EngineStatus) -> EngineStatus:
        one = job(state=state, **changes)
        return dataclasses.replace(status, jobs=(one,), folders=folders_of(one))

    return change


def _resumed(status: EngineStatus) -> EngineStatus:
    paused = tuple(dataclasses.replace(s, state=ServerState.PAUSED) for s in status.servers)
    return dataclasses.replace(status, servers=paused)


def _plain(status: EngineStatus) -> EngineStatus:
    realm = Realm(1, StoreKind.USENET, Profile.PLAIN, "a1b2.invalid", ("alt.binaries.test",))
    folders = tuple(
        dataclasses.replace(each, folder=dataclasses.replace(each.folder, realm=realm))
        for each in status.folders
    )
    return dataclasses.replace(status, folders=folders)


def _checking(status: EngineStatus) -> EngineStatus:
    return dataclasses.replace(status, examination=examination(over=False))


def _restoring(status: EngineStatus) -> EngineStatus:
    return dataclasses.replace(status, string_restore=StringRestoreStatus(1, b"/mnt/back"))


def handle() -> SharingHandle:
    """Jobs of two folders, three servers, and lists that are longer than the screen."""
    browser = FakeBrowser(ROWS, done=12)
    browser.past = past_jobs(ROWS)
    browser.notice_list = tuple(servers().now.notices) * 9
    browser.version_list = tuple(
        dataclasses.replace(each, indexed=each.version < 12) for each in browser.version_list
    )
    now = servers().now
    return SharingHandle(dataclasses.replace(now, workers=now.workers * 3), browser)


# The places

_PANES: dict[str, Case | Seen] = {
    **{f"panes.{pane}": focuses(pane) for pane in PANES},
    "panes.folders": Case(focuses("folders"), ("2",)),
    "panes.next": focuses("files"),
    "panes.previous": focuses("database"),
    "panes.show_errors": focuses("errors"),
    "panes.show_log": focuses("log"),
}
_FOLDERS: dict[str, Case | Seen] = {
    "folders.add": opens(AddFolder),
    "folders.adopt": opens(AdoptForm),
    "folders.restore_string": opens(StringRestoreForm),
    "folders.upload": sends(Upload(b"/srv/photos", FolderChoices())),
    "folders.restore": opens(RestoreDialog),
    "folders.verify": opens(VerifyDialog),
    "folders.nzb": Case(opens(NzbDialog), change=_plain),
    "folders.share": opens(ShareDialog),
    "folders.choices": opens(FolderChoicesDialog),
    "folders.filters": opens(FiltersForm),
    "folders.move": opens(MoveForm),
    "folders.keep": opens(KeepForm),
    "folders.remove": opens(RemoveForm),
    "versions.tag": opens(TagsForm),
    "versions.protect": sends(ProtectVersions(1, (11,))),
    "folders.costs": opens(CostsScreen),
    "folders.open": opens(VersionsScreen),
    "folders.mark": lambda g: len(g.app.screen.query_one(FoldersPane).marked) == 1,
    "folders.mark_all": lambda g: len(g.app.screen.query_one(FoldersPane).marked) == 3,
    "folders.unmark": Case(lambda g: not g.app.screen.query_one(FoldersPane).marked, ("A",)),
}
_JOBS: dict[str, Case | Seen] = {
    "job.pause": sends(Pause(1)),
    "job.resume": Case(sends(Resume(1)), change=_jobs(JobState.PAUSED)),
    "jobs.pause": sends(PauseAll()),
    "jobs.resume": Case(sends(ResumeAll()), change=_jobs(JobState.PAUSED)),
    "job.cancel": asks("Cancel photos"),
    "job.retry": Case(sends(Retry(1)), change=_jobs(JobState.FAILED)),
    "job.sooner": sends(SetPriority(1, Priority.HIGH)),
    "job.later": sends(SetPriority(1, Priority.LOW)),
}
_APP: dict[str, Case | Seen] = {
    "servers.bandwidth": asks("How fast to post"),
    "workers.count": opens(NumberDialog),
    "app.history": opens(HistoryScreen),
    "app.doctor": opens(DoctorScreen),
    "app.command": lambda g: bool(g.app.screen.query(CommandLine)),
    "app.quit": asks("A job is running"),
    "app.help": lambda g: bool(g.app.screen.query(HelpPanel)),
    "app.theme": lambda g: not g.app.current_theme.dark,
}
_FILES: dict[str, Case | Seen] = {
    "files.filter": lambda g: g.the(FilterInput),
    "files.clear": Case(lambda g: not _files(g).wanted, ("colon", *"filter img", "enter")),
    "files.sort": lambda g: _files(g).current_query.order is FileOrder.SIZE,
    "files.reverse": lambda g: _files(g).current_query.reverse,
    "files.columns": lambda g: _files(g)._columns != type(_files(g)._columns)(0),
    "files.tree": lambda g: _files(g)._tree is not None,
    "files.flat": Case(lambda g: _files(g)._tree is None, ("t",)),
    "files.up": Case(lambda g: _files(g)._tree == b"00/", ("t",)),
    "files.mark": lambda g: _files(g).marks.count(ROWS) == 1,
    "files.mark_all": lambda g: _files(g).marks.everything,
    "files.unmark": Case(lambda g: not _files(g).marks, ("A",)),
    "files.range": lambda g: _files(g).marking.anchor is not None,
    "files.open": opens(ArticlesScreen),
    "files.enter": Case(lambda g: _files(g)._tree == b"00/0000/", ("t", "backspace")),
    "files.retry": _acts(FileAction.RETRY),
    "files.hold": _acts(FileAction.HOLD),
    "files.leave_out": _acts(FileAction.LEAVE_OUT),
    "files.copy": says("Copied /srv/photos"),
    "files.past": opens(PastScreen),
    "files.find": opens(FindScreen),
}
_SERVERS: dict[str, Case | Seen] = {
    "servers.pause": sends(PauseServer("first")),
    "servers.resume": Case(sends(ResumeServer("first")), change=_resumed),
    "servers.more": Case(sends(SetConnections("inhouse", 5)), ("j",)),
    "servers.fewer": sends(SetConnections("first", 19)),
    "servers.limit": asks("How fast to post to first"),
    "servers.add": opens(ServerForm),
    "servers.unfold": lambda g: g.focus.max_scroll_y > 0,
}
_FORM: dict[str, Case | Seen] = {
    "form.next": focuses("passphrase"),
    "form.previous": focuses("accept"),
    "form.enter": focuses("passphrase"),
    "form.finish": lambda g: "Type the string." in _complaints(g),
    "form.back": closes,
}


def _complaints(g: Ground) -> list[str]:
    return [field.complaint for field in g.app.screen.query("Field")]  # type: ignore[attr-defined]


def _typed(g: Ground) -> str:
    return g.app.screen.query_one(PathInput).value


def _is_left(g: Ground) -> bool:
    """The dialog has read that the index of the newest version is not posted."""
    return g.app.screen.query_one("#post").display


def _lists(id: str) -> Seen:
    """A list is read, and longer than the screen."""

    def seen(g: Ground) -> bool:
        table = g.app.focused
        return isinstance(table, PagedTable) and table.id == id and table.pages.exact

    return seen


def _preview(g: Ground) -> LinesView:
    return g.app.screen.query_one("#filter-preview", LinesView)


def _effect(g: Ground) -> EffectView:
    return g.app.screen.query_one(EffectView)


def _previewed(g: Ground) -> FiltersForm:
    """A form with a preview that is longer than the screen."""
    rows = [DryRunRow(Change.EXCLUDED, b"%d" % number, None, 0) for number in range(99)]
    form = FiltersForm(folder(1, "photos"))
    form._seen = Preview(1, 1, Filters(), rows=tuple(rows), over=True)
    return form


def _plan(g: Ground) -> LinesView:
    return g.app.screen.query_one("#plan-rows", LinesView)


def _planned(g: Ground) -> PlanDialog:
    """A preview that is longer than the screen."""
    rows = [PlannedPath(Fate.CREATE, b"%d" % number, 0, 0, "") for number in range(99)]
    dialog = PlanDialog("Restore photos", Restore(1, b"/out"), PreviewRestore)
    dialog._found = RestorePreview(1, Restore(1, b"/out"), rows=tuple(rows), over=True)
    return dialog


def _previews(g: Ground) -> bool:
    return [type(each) for each in g.handle.commands] == [PreviewFilters]


def _row(g: Ground) -> FileRow:
    """A file of several articles."""
    return g.handle.browser.row(3)


PLACES: dict[str, Place] = {
    "folders": Place(
        (),
        {**_PANES, **_FOLDERS, **_JOBS, **_APP},
        CHOICE | {"files.find", "files.past", "versions.forget"},
        focuses("folders"),
    ),
    "files": Place(("2",), {**_FILES, **moving("list")}, DASHBOARD, _lists("files")),
    "filter": Place(
        ("2", "slash"),
        {
            "filter.drop": Case(lambda g: not g.app.screen.query_one(FilterInput).value, ("a",)),
            "filter.keep": Case(lambda g: bool(g.app.screen.query_one(FilesTable).wanted), ("a",)),
        },
        DASHBOARD,
        lambda g: g.the(FilterInput),
    ),
    "workers": Place(("3",), moving("lines"), DASHBOARD, focuses("workers")),
    "errors": Place(
        ("4",),
        {
            "errors.unfold": lambda g: _last(g) > 20,
            "errors.retry": _acts(FileAction.RETRY),
            **moving("choice"),
        },
        DASHBOARD,
        lambda g: focuses("errors")(g) and _last(g) == 2,
    ),
    "log": Place(("5",), {}, DASHBOARD | LINES, focuses("log")),
    "servers": Place(("6",), _SERVERS, DASHBOARD | CHOICE, focuses("servers")),
    "database": Place(("7",), {}, DASHBOARD | LINES, focuses("database")),
    "line": Place(
        ("colon", *"log", "enter", "colon", *"wo"),
        {
            "command.before": holds("command", "log"),
            "command.after": Case(holds("command", "wo"), ("up",)),
            "command.complete": holds("command", "workers "),
            "command.stay": holds("command", "workers "),
            "command.close": lambda g: not g.app.screen.query(CommandLine),
        },
        DASHBOARD,
        lambda g: g.the(LineInput),
    ),
    "versions": Place(
        lambda g: VersionsScreen(g.handle.browser, folder(1, "photos")),
        {
            "versions.open": opens(FilesScreen),
            "versions.changes": opens(ChangesScreen),
            "versions.mark": lambda g: g.focus._marked == 12,
            "versions.forget": opens(ForgetForm),
            "deeper.back": closes,
        },
        DEEPER | LIST,
        _lists("versions"),
    ),
    "changes": Place(
        lambda g: ChangesScreen(g.handle.browser, folder(1, "photos"), 11, 12),
        {
            "changes.copy": says("Copied "),
            "changes.mark": lambda g: len(g.focus.marked) == 1,
            "changes.unmark": lambda g: not g.focus.marked,
        },
        DEEPER | LIST,
        _lists("changes"),
    ),
    "files of a version": Place(
        lambda g: FilesScreen(g.handle.browser, folder(1, "photos"), 11),
        {},
        DEEPER | LIST | frozenset(_FILES),
        _lists("version-files"),
    ),
    "articles": Place(
        lambda g: ArticlesScreen(g.handle.browser, folder(1, "photos"), 12, _row(g)),
        {"articles.open": opens(ArticleScreen), "articles.copy": says("Copied 0000")},
        DEEPER | LIST,
        _lists("articles"),
    ),
    "article": Place(
        lambda g: ArticleScreen(g.handle.browser, 4, article(1, 4), ("photos",)),
        {"article.copy": says("Copied 0000"), **moving("article")},
        DEEPER,
        focuses("article"),
    ),
    "history": Place(
        lambda g: HistoryScreen(g.handle.browser),
        {"history.open": opens(NoticesScreen)},
        DEEPER | LIST,
        _lists("history"),
    ),
    "notices": Place(
        lambda g: NoticesScreen(g.handle.browser, g.handle.browser.past[1]),
        {"notices.copy": says("Copied ")},
        DEEPER | LIST,
        _lists("notices"),
    ),
    "file history": Place(
        lambda g: PastScreen(g.handle.browser, folder(1, "photos"), _row(g).path),
        {"past.restore": opens(RestoreDialog)},
        DEEPER | LIST,
        _lists("past"),
    ),
    "found": Place(
        lambda g: FindScreen(g.handle.browser, "IMG"),
        {
            "found.copy": says("Copied "),
            "found.open": opens(FilesScreen),
            "found.pattern": lambda g: g.the(FilterInput),
        },
        DEEPER | LIST,
        _lists("found"),
    ),
    "sizes": Place(
        lambda g: CostsScreen(g.handle.browser, folder(1, "photos")),
        {},
        DEEPER | LIST,
        _lists("costs"),
    ),
    "filters": Place(
        _previewed,
        {
            "filters.down": lambda g: _preview(g).scroll_offset.y > 0,
            "filters.up": lambda g: _preview(g).scroll_offset.y == 0,
            "filters.preview": _previews,
        },
        FORM,
    ),
    "forgotten versions": Place(
        lambda g: ForgetForm(folder(1, "photos"), g.handle.browser, range(1, 12)),
        {
            "forget.down": lambda g: _effect(g).scroll_offset.y > 0,
            "forget.up": lambda g: _effect(g).scroll_offset.y == 0,
            "forget.preview": Case(lambda g: g.app.screen._seen == (1,), ("end", "backspace")),
        },
        FORM,
        lambda g: g.focus is not None and g.app.screen._seen == tuple(range(1, 12)),
    ),
    "keep rules": Place(
        lambda g: KeepForm(folder(1, "photos"), g.handle.browser, KeepRules(daily=3)),
        {
            "keep.down": lambda g: _effect(g).scroll_offset.y > 0,
            "keep.up": lambda g: _effect(g).scroll_offset.y == 0,
        },
        FORM | OPTIONS,
        lambda g: _effect(g).virtual_size.height > 9,
    ),
    "restore preview": Place(
        _planned,
        {
            "plan.down": lambda g: _plan(g).scroll_offset.y > 0,
            "plan.up": lambda g: _plan(g).scroll_offset.y == 0,
            "plan.back": closes,
            "plan.restore": closes,
        },
        LINES,
        lambda g: _plan(g).virtual_size.height > 99,
    ),
    "restore": Place(
        lambda g: RestoreDialog(folder(1, "photos"), g.handle.browser.version_list),
        {"restore.preview": lambda g: any(_complaints(g))},
        FORM | {"version.older", "version.newer"},
    ),
    "doctor": Place(
        lambda g: DoctorScreen(Examine(), g.handle.now),
        {
            "doctor.again": sends(Examine()),
            "doctor.stop": Case(sends(StopExamining()), change=_checking),
            "doctor.post": sends(Examine(post=True)),
        },
        DEEPER | LINES,
        focuses("doctor"),
    ),
    "question": Place(
        lambda g: VerifyDialog("photos"),
        {
            "ask.back": closes,
            "ask.down": goes(1),
            "ask.up": Case(goes(0), ("j",)),
        },
    ),
    "form": Place(lambda g: AdoptForm(), _FORM, {"secret.show"}),
    "secret": Place(
        lambda g: AdoptForm(),
        {"secret.show": lambda g: isinstance(g.focus, SecretInput) and not g.focus.password},
        FORM,
    ),
    "restore by string": Place(
        lambda g: StringRestoreForm(),
        {
            "string.versions": lambda g: "Type the string." in _complaints(g),
            "string.stop": Case(sends(StopStringRestore()), change=_restoring),
        },
        FORM | {"restore.preview", "secret.show"},
    ),
    "version and path": Place(
        lambda g: RestoreDialog(folder(1, "photos"), g.handle.browser.version_list),
        {"version.older": holds("version", "11"), "version.newer": holds("version", "12")},
        FORM | {"restore.preview"},
    ),
    "path": Place(
        lambda g: AddFolder(servers=False, path=g.root + b"/long"),
        {
            "path.complete": lambda g: _typed(g).endswith("/long name/"),
            "path.browse": lambda g: g.the(FolderList),
        },
        FORM | OPTIONS,
        lambda g: g.the(PathInput) and g.app.screen.query_one(FolderList).option_count == 1,
    ),
    "folders below": Place(
        lambda g: AddFolder(servers=False, path=g.root + b"/"),
        {
            **{
                each.replace("home", "first").replace("end", "last"): case
                for each, case in moving("folders_below").items()
            },
            "folders_below.into": lambda g: _typed(g).endswith("/3/"),
            "folders_below.above": lambda g: not _typed(g).endswith("/3/"),
        },
        FORM | OPTIONS,
        lambda g: g.app.screen.query_one(FolderList).option_count == len(FOLDERS),
        ("down",),
    ),
    "server": Place(
        lambda g: ServerForm(),
        {
            "server.test": lambda g: any(_complaints(g)),
            "options.right": goes(1),
            "options.left": Case(goes(0), ("right",)),
            "options.turn": goes(1),
        },
        FORM,
        then=("enter", "enter"),
    ),
    "server, more": Place(
        lambda g: ServerForm(),
        {
            "ticks.right": goes(1),
            "ticks.left": Case(goes(0), ("right",)),
            "ticks.tick": lambda g: g.focus.at.value not in g.focus.values,
        },
        FORM | {"server.test"},
        then=(*["tab"] * 7, "right", "tab"),
    ),
    "string": Place(
        lambda g: ShareDialog(g.handle.now.folders[1], g.handle.browser),
        {
            "share.write": opens(StringFileForm),
            "share.protect": opens(PassphraseForm),
            "share.post": sends(PostIndex(1)),
            "share.next": focuses("protect"),
            "share.before": focuses("post"),
            "share.close": closes,
        },
        here=lambda g: g.app.screen._sharing is not None and _is_left(g),
    ),
    "first run": Place(
        lambda g: FirstRun(),
        {
            "first_run.down": goes(1),
            "first_run.up": Case(goes(0), ("j",)),
            "first_run.skip": lambda g: g.app.screen._step == 1,
            "first_run.before": lambda g: g.app.screen._step == 0,
        },
        frozenset({"app.quit"}),
    ),
}
"""The dashboard's panes, the lines over them, the screens below it, the dialogs."""
