"""Every command of the `:` line: its name, its arguments, and what reads them.

The help, the palette, the completion and the parser take them from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from usenetsync_tui.model.commands.jobs import MOST_WORKERS, SetWorkers
from usenetsync_tui.model.commands.servers import PauseServer, ResumeServer
from usenetsync_tui.model.lists.files import FileOrder
from usenetsync_tui.model.sweeps import SAMPLE
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.tui.commands.folder_arguments import (
    CLEAR,
    DEFAULT,
    EACH,
    OFF,
    PRIORITIES,
    REMOVE,
    read_add,
    read_exclude,
    read_forget,
    read_goto,
    read_keep,
    read_move,
    read_nzb,
    read_priority,
    read_restore,
    read_sort,
    read_tag,
    read_upload,
    read_verify,
)
from usenetsync_tui.tui.commands.machine_arguments import (
    ARTICLES,
    DOCTOR,
    PHRASE,
    read_backup,
    read_connections,
    read_doctor,
    read_fetch_limit,
    read_key_change,
    read_limit,
    read_put_back,
)
from usenetsync_tui.tui.commands.parsed_commands import (
    CommandError,
    FindFiles,
    GoToPane,
    KnownNames,
    ParsedCommand,
    RunSimple,
    SetFilter,
    SimpleCommand,
    UseTheme,
)
from usenetsync_tui.tui.commands.restore_line import OPTIONS
from usenetsync_tui.tui.commands.typed_arguments import number_typed, one_of

_Reader = Callable[[str, KnownNames], ParsedCommand]


@value_object
class CommandSpec:
    """A command of the line."""

    name: str
    arguments: str
    """Its arguments as the help shows them; empty: it takes none."""
    meaning: str
    read: _Reader
    names: Callable[[KnownNames], Sequence[str]] = lambda known: ()
    """The possible first arguments, for completion."""
    takes_path: bool = False
    """Whether its first argument is a path."""


def _alone(word: SimpleCommand) -> _Reader:
    def read(text: str, known: KnownNames) -> ParsedCommand:
        if text:
            raise CommandError(f"{word} takes no arguments.")
        return RunSimple(word)

    return read


def _servers(known: KnownNames) -> Sequence[str]:
    return known.servers


_WORDS = {
    SimpleCommand.PAUSE: "pause the chosen job",
    SimpleCommand.RESUME: "resume it",
    SimpleCommand.PAUSE_ALL: "pause every job",
    SimpleCommand.RESUME_ALL: "resume every job",
    SimpleCommand.CANCEL: "end the chosen job; asks",
    SimpleCommand.RETRY: "retry what failed",
    SimpleCommand.SHARE: "show its recovery string",
    SimpleCommand.ADOPT: "bring a folder back by its string",
    SimpleCommand.RESTORE_STRING: "restore by a recovery string only",
    SimpleCommand.VERSIONS: "list those of the chosen folder",
    SimpleCommand.FILE_HISTORY: "versions in which the file changed",
    SimpleCommand.STATS: "what each version of the folder cost",
    SimpleCommand.HISTORY: "all jobs, how they ended and why",
    SimpleCommand.KEY: "where the key is, and what it opens",
    SimpleCommand.ERRORS: "why files are incomplete",
    SimpleCommand.PROTECT: "nothing forgets the version, or take that back",
    SimpleCommand.REMOVE: "the folder with all its versions; asks",
    SimpleCommand.LOG: "show what happened",
    SimpleCommand.HELP: "show the keys of this pane",
    SimpleCommand.QUIT: "asks while a job runs",
}


_ALL = (
    CommandSpec("goto", "73% | N", "go to a position or a row of the list", read_goto),
    CommandSpec("filter", "WORDS", "list what matches", lambda text, known: SetFilter(text)),
    CommandSpec("find", "[WORDS]", "files in all versions", lambda text, known: FindFiles(text)),
    CommandSpec("sort", "path | size", "sort the list", read_sort, lambda known: tuple(FileOrder)),
    CommandSpec("add", "[--as-new] [PATH]", "back up a folder", read_add, takes_path=True),
    CommandSpec("move", "[PATH]", "the chosen folder is there now", read_move, takes_path=True),
    CommandSpec(
        "priority", "P", "set that of the chosen folder", read_priority, lambda known: PRIORITIES
    ),
    CommandSpec(
        "upload",
        "[--allow-shrink]",
        "back up a new version",
        read_upload,
        lambda known: ("--allow-shrink",),
    ),
    CommandSpec(
        "verify",
        "[--body | --sample 1/N]",
        "check the articles",
        read_verify,
        lambda known: ("--body", f"--sample 1/{SAMPLE}"),
    ),
    CommandSpec(
        "exclude",
        f"[{CLEAR}] [PATTERN…]",
        "exclude what matches",
        read_exclude,
        lambda known: (CLEAR,),
    ),
    CommandSpec("forget", "[VERSIONS]", "versions, as 3 5-8; asks", read_forget),
    CommandSpec(
        "keep",
        f"[RULES | {OFF} | {DEFAULT}]",
        "which versions stay",
        read_keep,
        lambda known: (OFF, DEFAULT, "--keep-daily 7 --keep-weekly 4"),
    ),
    CommandSpec(
        "tag", f"[{REMOVE}] [TAG, …]", "words for the version", read_tag, lambda known: (REMOVE,)
    ),
    CommandSpec(
        "restore",
        "[TARGET | --in-place] [--version N] [--overwrite WHEN] [--delete] [--exclude PATTERN]",
        "restore the chosen folder; asks",
        read_restore,
        lambda known: OPTIONS,
        takes_path=True,
    ),
    CommandSpec(
        "nzb",
        f"[FILE | {EACH} FOLDER]",
        "write an NZB for other programs",
        read_nzb,
        lambda known: (f"{EACH} ",),
        takes_path=True,
    ),
    CommandSpec(
        "key-change",
        f"[FILE | {PHRASE} FILE]",
        "wrap the keys with another secret",
        read_key_change,
        lambda known: (f"{PHRASE} ",),
        takes_path=True,
    ),
    CommandSpec(
        "db-backup",
        f"[{ARTICLES}] [FILE]",
        "write the catalogue into a file",
        read_backup,
        lambda known: (f"{ARTICLES} ",),
        takes_path=True,
    ),
    CommandSpec(
        "db-restore", "[FILE]", "replace the catalogue; asks", read_put_back, takes_path=True
    ),
    CommandSpec(
        "doctor", "[--post] [--quick]", "what may stop it here", read_doctor, lambda k: DOCTOR
    ),
    CommandSpec(
        "workers",
        "N",
        "threads that read and compress",
        lambda text, known: SetWorkers(number_typed(text, MOST_WORKERS, "Workers")),
    ),
    CommandSpec("connections", "SERVER N", "how many to use", read_connections, _servers),
    CommandSpec("limit", "SPEED [SERVER]", "post no faster: 25M, 200 Mbit/s, 0", read_limit),
    CommandSpec("fetch-limit", "SPEED [SERVER]", "fetch no faster", read_fetch_limit),
    CommandSpec(
        "pause-server",
        "NAME",
        "pause a server",
        lambda text, known: PauseServer(one_of(text, known.servers, "server", "Servers")),
        _servers,
    ),
    CommandSpec(
        "resume-server",
        "NAME",
        "resume a server",
        lambda text, known: ResumeServer(one_of(text, known.servers, "server", "Servers")),
        _servers,
    ),
    CommandSpec(
        "theme",
        "NAME",
        "change the colours",
        lambda text, known: UseTheme(one_of(text, known.themes, "theme", "Themes")),
        lambda known: known.themes,
    ),
    CommandSpec(
        "pane",
        "NAME",
        "show a pane",
        lambda text, known: GoToPane(one_of(text, known.panes, "pane", "Panes")),
        lambda known: known.panes,
    ),
    *(CommandSpec(word, "", meaning, _alone(word)) for word, meaning in _WORDS.items()),
)

COMMAND_SPECS: Mapping[str, CommandSpec] = {str(spec.name): spec for spec in _ALL}
"""Every command of the `:` line, by its name."""
