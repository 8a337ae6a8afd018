"""The arguments of the `:` commands that act on a list, a folder or a version.

Each function reads what follows the command's name, and raises `CommandError`.
"""

from __future__ import annotations

import re
import shlex

from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.lists.files import FileOrder
from usenetsync_tui.model.sweeps import SAMPLE, read_sample
from usenetsync_tui.model.versions.keep_rules import KeepPolicy, rules_read, tag_problem
from usenetsync_tui.model.versions.kept_versions import versions_typed
from usenetsync_tui.tui.commands.parsed_commands import (
    AddPath,
    CommandError,
    ExcludeToo,
    ForgetVersions,
    GoToRow,
    GoToShare,
    KeepBy,
    KnownNames,
    MoveTo,
    ParsedCommand,
    Prioritise,
    RestoreChosen,
    SortBy,
    TagWith,
    UploadChosen,
    VerifyChosen,
    WriteNzb,
)
from usenetsync_tui.tui.commands.restore_line import read_options
from usenetsync_tui.tui.commands.typed_arguments import after_option, one_of, whole_path
from usenetsync_tui.tui.kit.pattern_words import words

_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%", re.ASCII)
_ROW = re.compile(r"[0-9]{1,3}(?:[0-9]*|(?:,[0-9]{3})+)", re.ASCII)
OFF, DEFAULT, REMOVE = "--off", "--default", "--remove"
PRIORITIES = tuple(p.name.lower() for p in Priority)
EACH = "--each-subfolder"
CLEAR = "--clear"
_AS_NEW = "--as-new"


def read_goto(text: str, known: KnownNames) -> ParsedCommand:
    """A row, or a share of the list."""
    share = _PERCENT.fullmatch(text)
    if share is not None and float(share[1]) <= 100:
        return GoToShare(float(share[1]) / 100)
    if _ROW.fullmatch(text) and len(text) <= 20 and int(text.replace(",", "")) > 0:
        return GoToRow(int(text.replace(",", "")))
    raise CommandError("Type a row number from 1, or a position from 0% to 100%.")


def read_sort(text: str, known: KnownNames) -> ParsedCommand:
    """The order of the list."""
    return SortBy(FileOrder(one_of(text, tuple(FileOrder), "order", "Orders")))


def read_priority(text: str, known: KnownNames) -> ParsedCommand:
    """A priority by its name."""
    return Prioritise(Priority[one_of(text, PRIORITIES, "priority", "Priorities").upper()])


def read_exclude(text: str, known: KnownNames) -> ParsedCommand:
    """Patterns to exclude; with `CLEAR`, instead of those there are."""
    clear = text == CLEAR or text.startswith(f"{CLEAR} ")
    return ExcludeToo(words(text.removeprefix(CLEAR) if clear else text, escaped=True), clear)


def read_forget(text: str, known: KnownNames) -> ParsedCommand:
    """The versions to forget, as ``3 5-8``."""
    try:
        return ForgetVersions(versions_typed(text))
    except ValueError as error:
        raise CommandError(str(error)) from None


def read_keep(text: str, known: KnownNames) -> ParsedCommand:
    """Keep rules; `OFF`: none, `DEFAULT`: those of the settings."""
    if text in (OFF, DEFAULT):
        return KeepBy(KeepPolicy(is_own=text == OFF))
    try:
        rules = rules_read(shlex.split(text))
    except ValueError as error:
        raise CommandError(str(error)) from None
    return KeepBy(KeepPolicy(rules, is_own=True) if rules else None)


def read_tag(text: str, known: KnownNames) -> ParsedCommand:
    """Tags between commas; with `REMOVE`, to take away."""
    rest, remove = after_option(REMOVE, text)
    tags = tuple(word.strip() for word in rest.split(",") if word.strip())
    if problem := next(filter(None, map(tag_problem, tags)), ""):
        raise CommandError(problem)
    return TagWith(tags, remove)


def read_verify(text: str, known: KnownNames) -> ParsedCommand:
    """How the articles are checked."""
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


def read_upload(text: str, known: KnownNames) -> ParsedCommand:
    """Whether the folder may have shrunk."""
    if text not in ("", "--allow-shrink"):
        raise CommandError("upload takes only --allow-shrink: back up the folder as it is now.")
    return UploadChosen(bool(text))


def read_restore(text: str, known: KnownNames) -> ParsedCommand:
    """What is restored, where, and how."""
    target, version, choices, in_place = read_options(text)
    return RestoreChosen(whole_path(target, known), version, choices, in_place)


def read_add(text: str, known: KnownNames) -> ParsedCommand:
    """The folder to back up."""
    as_new = text == _AS_NEW or text.startswith(f"{_AS_NEW} ")
    return AddPath(
        whole_path(text.removeprefix(_AS_NEW).strip() if as_new else text, known), as_new
    )


def read_move(text: str, known: KnownNames) -> ParsedCommand:
    """Where the chosen folder is now."""
    return MoveTo(whole_path(text, known))


def read_nzb(text: str, known: KnownNames) -> ParsedCommand:
    """The file or folder to write NZBs to."""
    first, _, rest = text.partition(" ")
    each = first == EACH
    path = rest.strip() if each else text
    if path.startswith("--"):
        raise CommandError(f"Type nzb FILE, or nzb {EACH} FOLDER.")
    return WriteNzb(whole_path(path, known), each)
