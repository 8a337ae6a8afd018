"""Runs a parsed `:` line: calls the action behind the command, with the arguments of the line."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping

from usenetsync_tui.model.commands.engine import Examine
from usenetsync_tui.model.commands.jobs import SetWorkers
from usenetsync_tui.model.commands.servers import (
    LimitBandwidth,
    LimitFetching,
    PauseServer,
    ResumeServer,
    SetConnections,
)
from usenetsync_tui.tui.actions.catalogue_actions import back_up, change_key, put_back
from usenetsync_tui.tui.actions.context import Context
from usenetsync_tui.tui.actions.folder_actions import add, exclude, move, upload, verify
from usenetsync_tui.tui.actions.keeping_actions import forget, keep, set_rules, tag
from usenetsync_tui.tui.actions.priority_actions import prioritise
from usenetsync_tui.tui.actions.question_actions import find
from usenetsync_tui.tui.actions.registry import COMMANDS
from usenetsync_tui.tui.actions.restore_actions import restore, write_nzb
from usenetsync_tui.tui.actions.view_actions import filter_files, go_to_row, sort_files
from usenetsync_tui.tui.commands.parsed_commands import (
    AddPath,
    BackUpTo,
    ChangeKeyTo,
    ExcludeToo,
    FindFiles,
    ForgetVersions,
    GoToPane,
    GoToRow,
    GoToShare,
    KeepBy,
    MoveTo,
    ParsedCommand,
    Prioritise,
    PutBack,
    RestoreChosen,
    RunSimple,
    SetFilter,
    SortBy,
    TagWith,
    UploadChosen,
    UseTheme,
    VerifyChosen,
    WriteNzb,
)
from usenetsync_tui.tui.kit.action import Action

_COMMANDS: Mapping[type[ParsedCommand], str] = {
    GoToRow: "goto",
    GoToShare: "goto",
    SetFilter: "filter",
    FindFiles: "find",
    SortBy: "sort",
    AddPath: "add",
    MoveTo: "move",
    Prioritise: "priority",
    ExcludeToo: "exclude",
    ForgetVersions: "forget",
    KeepBy: "keep",
    TagWith: "tag",
    UploadChosen: "upload",
    VerifyChosen: "verify",
    RestoreChosen: "restore",
    WriteNzb: "nzb",
    ChangeKeyTo: "key-change",
    BackUpTo: "db-backup",
    PutBack: "db-restore",
    Examine: "doctor",
    UseTheme: "theme",
    GoToPane: "pane",
    SetWorkers: "workers",
    SetConnections: "connections",
    LimitBandwidth: "limit",
    LimitFetching: "fetch-limit",
    PauseServer: "pause-server",
    ResumeServer: "resume-server",
}
"""The name of the command that each class is parsed from; a `RunSimple` holds its name itself."""


def action_of(command: ParsedCommand) -> Action[Context]:
    """The action behind a parsed line."""
    name = str(command.command) if isinstance(command, RunSimple) else _COMMANDS[type(command)]
    return COMMANDS[name]


def run_command(here: Context, command: ParsedCommand) -> Awaitable[object] | None:
    """Run a parsed line, or show why it does not work here now.

    Returns an awaitable for an action that takes time, else None.
    """
    reason = action_of(command).why_not(here)
    if reason:
        here.say(reason)
        return None
    return _run(here, command)


def _run(here: Context, command: ParsedCommand) -> Awaitable[object] | None:
    match command:
        case RunSimple(word):
            return COMMANDS[word].run(here)
        case GoToRow(number):
            go_to_row(here, f"{number}")
        case GoToShare(share):
            go_to_row(here, f"{100 * share:.6f}%")
        case SetFilter(text):
            filter_files(here, text)
        case FindFiles(words):
            find(here, words)
        case SortBy(order):
            sort_files(here, order)
        case AddPath(path, as_new):
            add(here, path, as_new=as_new)
        case MoveTo(path):
            move(here, path)
        case Prioritise(priority):
            prioritise(here, priority)
        case ExcludeToo(patterns, clear):
            exclude(here, patterns, clear=clear)
        case ForgetVersions(versions):
            forget(here, versions)
        case KeepBy(policy):
            keep(here) if policy is None else set_rules(here, policy)
        case TagWith(tags, remove):
            tag(here, tags, remove=remove)
        case UploadChosen(allow_shrink):
            upload(here, allow_shrink=allow_shrink)
        case VerifyChosen(bodies, sample):
            verify(here, bodies=bodies, sample=sample)
        case RestoreChosen(target, version, choices, in_place):
            restore(here, target, version, choices, in_place=in_place)
        case WriteNzb(path, each_subfolder):
            write_nzb(here, path, each_subfolder=each_subfolder)
        case ChangeKeyTo(path, is_passphrase):
            change_key(here, path, is_passphrase=is_passphrase)
        case BackUpTo(path, with_articles):
            back_up(here, path, with_articles=with_articles)
        case PutBack(path):
            put_back(here, path)
        case Examine() as wanted:
            here.open_doctor(wanted)
        case UseTheme(name):
            here.app.theme = name
        case GoToPane(name):
            here.go_to_pane(name)
        case engine_command:
            here.want(engine_command)
    return None
