"""What a user can do to the catalogue as a whole: its key, a backup of it, and back.

Each action sends a command to the engine; one without a path opens the `:` line for it.
"""

from __future__ import annotations

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.commands.engine import BackUpDatabase, ChangeKey, RestoreDatabase, ShowKey
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.actions.context import Context
from usenetsync_tui.tui.kit.action import Action
from usenetsync_tui.tui.kit.command_request import writable
from usenetsync_tui.tui.kit.question import Ask, Choice

_NAMED = 3
"""Folders that a question names."""
_CHANGE = "Keep the key of all folders safe with another…"
_SECRETS = (
    Choice("f", "key file", "a missing one is made", "key-change "),
    Choice("p", "passphrase", "in the first line of a file", "key-change --passphrase-file "),
)


def _is_idle(here: Context) -> str:
    jobs = here.status.jobs if here.status is not None else ()
    busy = any(job.at_work for job in jobs)
    return "A job is running: wait until it is over, or cancel it." if busy else ""


def show_key(here: Context) -> None:
    """Have the engine write into the log where the key is, and what it opens."""
    here.want(ShowKey(), "The log says where the key is, and what it opens.")
    if here.has_panes:
        here.go_to_pane("log")


def change_key(here: Context, path: bytes = b"", *, is_passphrase: bool = False) -> None:
    """Wrap all keys with another secret; without a path, ask which kind, and begin the line."""
    if path:
        here.want(ChangeKey(path, is_passphrase), "Opening and wrapping all keys.")
    else:
        here.ask(Ask(_CHANGE, _SECRETS), here.begin_line)


def back_up(here: Context, path: bytes = b"", *, with_articles: bool = False) -> None:
    """Write a backup of the catalogue; without a path, begin the line."""
    if path:
        name = cut_middle(safe_name(path), 40)
        here.want(BackUpDatabase(path, with_articles), f"Backing up the catalogue into {name}.")
    else:
        here.begin_line("db-backup ")


def put_back(here: Context, path: bytes = b"") -> None:
    """Ask, and replace the catalogue by a backup; without a path, begin the line."""
    if not path:
        here.begin_line("db-restore ")
        return
    name = cut_middle(safe_name(path), 40)
    question = f"{_held(here)} Replace the catalogue with {name}?"
    choices = (
        Choice("r", "replace it", "after checking the whole file", "yes"),
        Choice("n", "change nothing", "", "no"),
    )

    def answered(answer: str) -> None:
        if answer == "yes":
            here.want(RestoreDatabase(path), f"Restoring the catalogue from {name}.")

    here.ask(Ask(question, choices), answered)


def _held(here: Context) -> str:
    """What the catalogue has, which a restore replaces."""
    folders = here.status.folders if here.status is not None else ()
    names = [
        f"{cut_middle(safe_name(each.folder.name), 20)} (version {each.latest.version})"
        for each in folders
        if each.latest is not None
    ]
    if not names:
        return "The catalogue has no finished version."
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"The catalogue has {', '.join(names[:_NAMED])}{more}."


CATALOGUE_ACTIONS: tuple[Action[Context], ...] = (
    Action("catalogue.key", "key", show_key, (writable,), command="key"),
    Action(
        "catalogue.key_change", "change key", change_key, (writable, _is_idle), command="key-change"
    ),
    Action("catalogue.backup", "back up", back_up, (writable,), command="db-backup"),
    Action("catalogue.restore", "restore", put_back, (writable, _is_idle), command="db-restore"),
)
