"""The parser of the `:` line: text in, a frozen value of `parsed_commands` or an error out.

Knows the commands and the names that the caller passes. Refuses to know widgets and the disk.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence

from usenetsync_tui.model.commands.engine import Examine
from usenetsync_tui.model.commands.jobs import MOST_WORKERS, SetWorkers
from usenetsync_tui.model.commands.servers import (
    LimitBandwidth,
    LimitFetching,
    PauseServer,
    ResumeServer,
    SetConnections,
)
from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.lists.files import FileOrder
from usenetsync_tui.model.sweeps import SAMPLE, read_sample
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.versions.keep_rules import KeepPolicy, rules_read, tag_problem
from usenetsync_tui.model.versions.kept_versions import versions_typed
from usenetsync_tui.tui.commands.parsed_commands import (
    AddPath,
    BackUpTo,
    ChangeKeyTo,
    CommandError,
    ExcludeToo,
    FindFiles,
    ForgetVersions,
    GoToPane,
    GoToRow,
    GoToShare,
    KeepBy,
    KnownNames,
    MoveTo,
    ParsedCommand,
    Prioritise,
    PutBack,
    RestoreChosen,
    RunSimple,
    SetFilter,
    SimpleCommand,
    SortBy,
    TagWith,
    UploadChosen,
    UseTheme,
    VerifyChosen,
    WriteNzb,
)
from usenetsync_tui.tui.commands.restore_line import OPTIONS, read_options
from usenetsync_tui.tui.kit.path_words import at_home, typed_path
from usenetsync_tui.tui.kit.pattern_words import words
from usenetsync_tui.tui.kit.speed_words import speed_typed

_Reader = Callable[[str, KnownNames], ParsedCommand]
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%", re.ASCII)
_ROW = re.compile(r"[0-9]{1,3}(?:[0-9]*|(?:,[0-9]{3})+)", re.ASCII)
_EACH = "--each-subfolder"
_PHRASE = "--passphrase-file"
_ARTICLES = "--with-articles"
_CLEAR = "--clear"
_AS_NEW = "--as-new"
_OFF, _DEFAULT, _REMOVE = "--off", "--default", "--remove"
_DOCTOR = ("--post", "--quick")
_PRIORITIES = tuple(p.name.lower() for p in Priority)


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


def parse(line: str, known: KnownNames) -> ParsedCommand:
    """Parse a line, with or without its colon. Raises only `CommandError`."""
    text = line.strip().removeprefix(":").strip()
    name, _, rest = text.partition(" ")
    if not name:
        raise CommandError("Type a command; tab completes.")
    spec = COMMAND_SPECS.get(name)
    if spec is None:
        near = [other for other in offered(known) if other.startswith(name)]
        near = near or [other for other in COMMAND_SPECS if other.startswith(name)]
        if len(near) != 1:
            hint = f" Did you mean {', '.join(near[:5])}?" if near else " :help lists them."
            raise CommandError(f"There is no command {_shown(name)}.{hint}")
        spec = COMMAND_SPECS[near[0]]
    return spec.read(rest.strip(), known)


def offered(known: KnownNames) -> tuple[str, ...]:
    """The names of the commands that work where the line is typed."""
    return tuple(name for name in COMMAND_SPECS if name not in known.refusals)


def completions(line: str, known: KnownNames) -> tuple[str, ...]:
    """Complete lines that begin with this one: the command's name, then its first argument."""
    name, space, rest = line.partition(" ")
    if not space:
        return tuple(
            other + (" " if COMMAND_SPECS[other].arguments else "")
            for other in offered(known)
            if other.startswith(name)
        )
    spec = COMMAND_SPECS.get(name)
    if spec is None or name in known.refusals:
        return ()
    return tuple(f"{name} {other}" for other in spec.names(known) if other.startswith(rest))


def path_begin(line: str) -> int | None:
    """The index in `line` where its path begins, after an option if there is one; None: no path."""
    name, space, rest = line.partition(" ")
    spec = COMMAND_SPECS.get(name)
    if spec is None or not spec.takes_path or not space:
        return None
    option, gap, _ = rest.partition(" ")
    if not option.startswith("--"):
        return len(name + space)
    return len(name + space + option + gap) if gap else None


def _shown(text: str) -> str:
    safe = safe_name(text)
    return safe if len(safe) <= 40 else safe[:39] + "…"


def _one_of(text: str, names: Sequence[str], what: str, plural: str) -> str:
    if text in names:
        return text
    if not names:
        raise CommandError(f"There is no {what} yet.")
    if not text:
        raise CommandError(f"Which {what}? {plural}: {_shown_names(names)}.")
    raise CommandError(f"There is no {what} {_shown(text)}. {plural}: {_shown_names(names)}.")


def _shown_names(names: Sequence[str]) -> str:
    return ", ".join(_shown(name) for name in names[:8]) + (", …" if len(names) > 8 else "")


def _number(text: str, most: int, what: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and 1 <= int(text) <= most):
        raise CommandError(f"{what}: type a number from 1 to {most:,}.")
    return int(text)


def _path(text: str, known: KnownNames) -> bytes:
    path = at_home(typed_path(text), known.home)
    if text and not path.startswith(b"/"):
        raise CommandError("Type the whole path: it begins with / or ~.")
    if b"\0" in path:
        raise CommandError("A path cannot contain a NUL byte.")
    return path


def _alone(word: SimpleCommand) -> _Reader:
    def read(text: str, known: KnownNames) -> ParsedCommand:
        if text:
            raise CommandError(f"{word} takes no arguments.")
        return RunSimple(word)

    return read


def _goto(text: str, known: KnownNames) -> ParsedCommand:
    share = _PERCENT.fullmatch(text)
    if share is not None and float(share[1]) <= 100:
        return GoToShare(float(share[1]) / 100)
    if _ROW.fullmatch(text) and len(text) <= 20 and int(text.replace(",", "")) > 0:
        return GoToRow(int(text.replace(",", "")))
    raise CommandError("Type a row number from 1, or a position from 0% to 100%.")


def _sort(text: str, known: KnownNames) -> ParsedCommand:
    return SortBy(FileOrder(_one_of(text, tuple(FileOrder), "order", "Orders")))


def _priority(text: str, known: KnownNames) -> ParsedCommand:
    return Prioritise(Priority[_one_of(text, _PRIORITIES, "priority", "Priorities").upper()])


def _exclude(text: str, known: KnownNames) -> ParsedCommand:
    clear = text == _CLEAR or text.startswith(f"{_CLEAR} ")
    return ExcludeToo(words(text.removeprefix(_CLEAR) if clear else text, escaped=True), clear)


def _forget(text: str, known: KnownNames) -> ParsedCommand:
    try:
        return ForgetVersions(versions_typed(text))
    except ValueError as error:
        raise CommandError(str(error)) from None


def _keep(text: str, known: KnownNames) -> ParsedCommand:
    if text in (_OFF, _DEFAULT):
        return KeepBy(KeepPolicy(is_own=text == _OFF))
    try:
        rules = rules_read(shlex.split(text))
    except ValueError as error:
        raise CommandError(str(error)) from None
    return KeepBy(KeepPolicy(rules, is_own=True) if rules else None)


def _tag(text: str, known: KnownNames) -> ParsedCommand:
    rest, remove = _after(_REMOVE, text)
    tags = tuple(word.strip() for word in rest.split(",") if word.strip())
    if problem := next(filter(None, map(tag_problem, tags)), ""):
        raise CommandError(problem)
    return TagWith(tags, remove)


def _verify(text: str, known: KnownNames) -> ParsedCommand:
    option, _, value = text.partition(" ")
    if option == "--sample":
        try:
            return VerifyChosen(True, read_sample(value.strip()))
        except ValueError as error:
            raise CommandError(str(error)) from None
    if text not in ("", "--body"):
        raise CommandError(
            f"verify takes --body, which fetches every article, or --sample 1/{SAMPLE}."
        )
    return VerifyChosen(bool(text))


def _upload(text: str, known: KnownNames) -> ParsedCommand:
    if text not in ("", "--allow-shrink"):
        raise CommandError("upload takes only --allow-shrink: back up the folder as it is now.")
    return UploadChosen(bool(text))


def _restore(text: str, known: KnownNames) -> ParsedCommand:
    target, version, choices, in_place = read_options(text)
    return RestoreChosen(_path(target, known), version, choices, in_place)


def _add(text: str, known: KnownNames) -> ParsedCommand:
    as_new = text == _AS_NEW or text.startswith(f"{_AS_NEW} ")
    return AddPath(_path(text.removeprefix(_AS_NEW).strip() if as_new else text, known), as_new)


def _move(text: str, known: KnownNames) -> ParsedCommand:
    return MoveTo(_path(text, known))


def _nzb(text: str, known: KnownNames) -> ParsedCommand:
    first, _, rest = text.partition(" ")
    each = first == _EACH
    path = rest.strip() if each else text
    if path.startswith("--"):
        raise CommandError(f"Type nzb FILE, or nzb {_EACH} FOLDER.")
    return WriteNzb(_path(path, known), each)


def _change_key(text: str, known: KnownNames) -> ParsedCommand:
    path, is_passphrase = _after(_PHRASE, text)
    if path.startswith("--"):
        raise CommandError(f"Type key-change FILE, or key-change {_PHRASE} FILE.")
    return ChangeKeyTo(_path(path, known), is_passphrase)


def _back_up(text: str, known: KnownNames) -> ParsedCommand:
    path, with_articles = _after(_ARTICLES, text)
    if path.startswith("--"):
        raise CommandError(f"Type db-backup FILE, or db-backup {_ARTICLES} FILE.")
    return BackUpTo(_path(path, known), with_articles)


def _put_back(text: str, known: KnownNames) -> ParsedCommand:
    if text.startswith("--"):
        raise CommandError("db-restore takes only FILE; it asks before it replaces anything.")
    return PutBack(_path(text, known))


def _after(option: str, text: str) -> tuple[str, bool]:
    """The rest of the line, and whether the option is before it."""
    first, _, rest = text.partition(" ")
    return (rest.strip(), True) if first == option else (text, False)


def _doctor(text: str, known: KnownNames) -> ParsedCommand:
    options = text.split()
    if not {*options} <= {*_DOCTOR}:
        raise CommandError(
            "doctor takes only --post, which posts an article to each server, "
            "and --quick, which skips the catalogue's checksums."
        )
    return Examine(post="--post" in options, sums="--quick" not in options)


def _connections(text: str, known: KnownNames) -> ParsedCommand:
    server, _, count = text.partition(" ")
    name = _one_of(server, known.servers, "server", "Servers")
    return SetConnections(name, _number(count.strip(), 200, "Connections"))


def _limit(text: str, known: KnownNames) -> ParsedCommand:
    return LimitBandwidth(*_speed_and_server(text, known))


def _fetch_limit(text: str, known: KnownNames) -> ParsedCommand:
    return LimitFetching(*_speed_and_server(text, known))


def _speed_and_server(text: str, known: KnownNames) -> tuple[int, str]:
    """Bytes per second, and the server's name; empty: all servers."""
    speed, server = text, ""
    first, _, last = text.rpartition(" ")
    if isinstance(speed_typed(text), str) and first and not isinstance(speed_typed(first), str):
        speed, server = first, _one_of(last, known.servers, "server", "Servers")
    figure = speed_typed(speed)
    if isinstance(figure, str):
        raise CommandError(figure)
    return figure, server


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
    CommandSpec("goto", "73% | N", "go to a position or a row of the list", _goto),
    CommandSpec("filter", "WORDS", "list what matches", lambda text, known: SetFilter(text)),
    CommandSpec("find", "[WORDS]", "files in all versions", lambda text, known: FindFiles(text)),
    CommandSpec("sort", "path | size", "sort the list", _sort, lambda known: tuple(FileOrder)),
    CommandSpec("add", "[--as-new] [PATH]", "back up a folder", _add, takes_path=True),
    CommandSpec("move", "[PATH]", "the chosen folder is there now", _move, takes_path=True),
    CommandSpec(
        "priority", "P", "set that of the chosen folder", _priority, lambda known: _PRIORITIES
    ),
    CommandSpec(
        "upload",
        "[--allow-shrink]",
        "back up a new version",
        _upload,
        lambda known: ("--allow-shrink",),
    ),
    CommandSpec(
        "verify",
        "[--body | --sample 1/N]",
        "check the articles",
        _verify,
        lambda known: ("--body", f"--sample 1/{SAMPLE}"),
    ),
    CommandSpec(
        "exclude",
        f"[{_CLEAR}] [PATTERN…]",
        "exclude what matches",
        _exclude,
        lambda known: (_CLEAR,),
    ),
    CommandSpec("forget", "[VERSIONS]", "versions, as 3 5-8; asks", _forget),
    CommandSpec(
        "keep",
        f"[RULES | {_OFF} | {_DEFAULT}]",
        "which versions stay",
        _keep,
        lambda known: (_OFF, _DEFAULT, "--keep-daily 7 --keep-weekly 4"),
    ),
    CommandSpec(
        "tag", f"[{_REMOVE}] [TAG, …]", "words for the version", _tag, lambda known: (_REMOVE,)
    ),
    CommandSpec(
        "restore",
        "[TARGET | --in-place] [--version N] [--overwrite WHEN] [--delete] [--exclude PATTERN]",
        "restore the chosen folder; asks",
        _restore,
        lambda known: OPTIONS,
        takes_path=True,
    ),
    CommandSpec(
        "nzb",
        f"[FILE | {_EACH} FOLDER]",
        "write an NZB for other programs",
        _nzb,
        lambda known: (f"{_EACH} ",),
        takes_path=True,
    ),
    CommandSpec(
        "key-change",
        f"[FILE | {_PHRASE} FILE]",
        "wrap the keys with another secret",
        _change_key,
        lambda known: (f"{_PHRASE} ",),
        takes_path=True,
    ),
    CommandSpec(
        "db-backup",
        f"[{_ARTICLES}] [FILE]",
        "write the catalogue into a file",
        _back_up,
        lambda known: (f"{_ARTICLES} ",),
        takes_path=True,
    ),
    CommandSpec("db-restore", "[FILE]", "replace the catalogue; asks", _put_back, takes_path=True),
    CommandSpec(
        "doctor", "[--post] [--quick]", "what may stop it here", _doctor, lambda k: _DOCTOR
    ),
    CommandSpec(
        "workers",
        "N",
        "threads that read and compress",
        lambda text, known: SetWorkers(_number(text, MOST_WORKERS, "Workers")),
    ),
    CommandSpec("connections", "SERVER N", "how many to use", _connections, _servers),
    CommandSpec("limit", "SPEED [SERVER]", "post no faster: 25M, 200 Mbit/s, 0", _limit),
    CommandSpec("fetch-limit", "SPEED [SERVER]", "fetch no faster", _fetch_limit),
    CommandSpec(
        "pause-server",
        "NAME",
        "pause a server",
        lambda text, known: PauseServer(_one_of(text, known.servers, "server", "Servers")),
        _servers,
    ),
    CommandSpec(
        "resume-server",
        "NAME",
        "resume a server",
        lambda text, known: ResumeServer(_one_of(text, known.servers, "server", "Servers")),
        _servers,
    ),
    CommandSpec(
        "theme",
        "NAME",
        "change the colours",
        lambda text, known: UseTheme(_one_of(text, known.themes, "theme", "Themes")),
        lambda known: known.themes,
    ),
    CommandSpec(
        "pane",
        "NAME",
        "show a pane",
        lambda text, known: GoToPane(_one_of(text, known.panes, "pane", "Panes")),
        lambda known: known.panes,
    ),
    *(CommandSpec(word, "", meaning, _alone(word)) for word, meaning in _WORDS.items()),
)

COMMAND_SPECS: Mapping[str, CommandSpec] = {str(spec.name): spec for spec in _ALL}
"""Every command of the `:` line, by its name."""
