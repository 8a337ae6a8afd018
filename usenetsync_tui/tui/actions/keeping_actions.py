"""What stays and what goes: keep rules, tags, protection, forgetting, removing.

Each asks first, or sends its command at once where that takes nothing away.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.commands.folders import SetKeepRules
from usenetsync_tui.model.commands.versions import ProtectVersions, TagVersion
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.ports.browser import Browser
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.versions.keep_rules import KeepPolicy, KeepRules, policy_in_words
from usenetsync_tui.tui.actions.context import Context, has_catalogue, has_folder, want_each
from usenetsync_tui.tui.actions.line_actions import by_line
from usenetsync_tui.tui.actions.meant_folders import in_words, is_finished
from usenetsync_tui.tui.keeping.forget_form import ForgetForm, forgotten_words
from usenetsync_tui.tui.keeping.keep_form import KeepAnswer, KeepForm
from usenetsync_tui.tui.keeping.remove_form import RemoveForm
from usenetsync_tui.tui.keeping.tags_form import TagsForm
from usenetsync_tui.tui.kit.action import Action
from usenetsync_tui.tui.kit.command_request import writable


def _has_version(here: Context) -> str:
    if here.at_hand.version is not None:
        return ""
    return "Choose a version first: enter on a folder lists them."


def forget(here: Context, versions: Sequence[int] = ()) -> None:
    """Show what forgetting versions frees, and ask; without versions, the one at hand."""
    chosen, browser, at = here.chosen, here.browser, here.at_hand.version
    if chosen is None or browser is None:
        return
    if not versions and at is not None:
        versions = (at,)
    form = ForgetForm(chosen.folder, browser, versions)
    here.ask(form, lambda command: here.want(command, forgotten_words(command)))


def keep(here: Context) -> None:
    """Ask for the keep rules of the chosen folder, and show what they keep."""
    chosen, browser = here.chosen, here.browser
    if chosen is None or browser is None:
        return

    def answered(answer: KeepAnswer) -> None:
        if answer.command is not None:
            here.want(answer.command, "Keep rules saved. They run after each upload.")
        if answer.forget:
            forget(here, answer.forget)

    default = here.status.keep_rules if here.status is not None else KeepRules()
    here.ask(KeepForm(chosen.folder, browser, default), answered)


def set_rules(here: Context, policy: KeepPolicy) -> None:
    """Give the chosen folder keep rules."""
    if here.chosen is not None:
        folder = here.chosen.folder
        default = here.status.keep_rules if here.status is not None else KeepRules()
        words = f"{in_words([folder])} keeps: {policy_in_words(policy, default)}."
        here.want(SetKeepRules(folder.id, policy), words)


def tag(here: Context, tags: Sequence[str] = (), *, remove: bool = False) -> None:
    """Add tags to the version at hand, or take them away; without tags, ask for them."""
    number = _number(here)
    if here.chosen is None or number is None:
        return
    folder = here.chosen.folder
    if tags or remove:
        words = f"Version {number}: {'tags removed' if remove else 'tagged'}."
        here.want(TagVersion(folder.id, number, tuple(tags), remove), words)
        return

    async def ask(version: Snapshot, folder: Folder) -> None:
        form = TagsForm(folder, version)
        here.ask(form, lambda all: want_each(here, all, f"Version {number}: tags saved."))

    _with_version(here, ask)


def protect(here: Context) -> None:
    """Protect the version at hand, or take that back."""

    async def turn(version: Snapshot, folder: Folder) -> None:
        command = ProtectVersions(folder.id, (version.version,), remove=version.protected)
        words = "not protected any more" if version.protected else "protected: nothing forgets it"
        here.want(command, f"Version {version.version} is {words}.")

    _with_version(here, turn)


def remove(here: Context) -> None:
    """Ask for the name of the chosen folder, and remove it."""
    if here.chosen is not None:
        folder = here.chosen.folder
        here.ask(
            RemoveForm(folder),
            lambda command: here.want(command, f"{in_words([folder])} is being removed."),
        )


def _number(here: Context) -> int | None:
    """The version at hand; where there is none, the newest finished one."""
    chosen, at = here.chosen, here.at_hand.version
    if at is not None or chosen is None or chosen.latest is None:
        return at
    return chosen.latest.version


def _with_version(here: Context, then: Callable[[Snapshot, Folder], Awaitable[None]]) -> None:
    """Read the version at hand as it is now, and call `then` with it."""
    chosen, browser, number = here.chosen, here.browser, _number(here)
    if chosen is None or browser is None:
        return

    async def look() -> None:
        found = await _version(here, browser, chosen.folder, number)
        if found is not None:
            await then(found, chosen.folder)

    here.run_worker(look, group="version", exclusive=True)


async def _version(
    here: Context, browser: Browser, folder: Folder, number: int | None
) -> Snapshot | None:
    """A version of a folder; None after a toast that says why it is not there."""
    try:
        versions = await browser.snapshots(folder.id)
    except UsenetSyncError as error:
        here.say(safe_name(str(error)))
        return None
    found = next((s for s in versions if s.version == number), None)
    if found is None:
        here.say(f"Version {number} is not there any more.")
    return found


KEEPING_ACTIONS: tuple[Action[Context], ...] = (
    Action(
        "folders.keep",
        "keep rules",
        keep,
        (writable, has_folder, has_catalogue),
        keys="C",
        tooltip="which versions stay, and which go",
        command="keep",
    ),
    Action(
        "versions.forget",
        "Forget",
        forget,
        (writable, has_folder, has_catalogue, _has_version, is_finished),
        keys="X",
        tooltip="the version; asks",
        footer=True,
    ),
    Action(
        "versions.tag",
        "tags",
        tag,
        (writable, has_folder, has_catalogue, is_finished),
        keys="Y",
        tooltip="words for the version",
        command="tag",
    ),
    Action(
        "versions.protect",
        "protect",
        protect,
        (writable, has_folder, has_catalogue, is_finished),
        keys="L",
        tooltip="the version, or take that back",
        command="protect",
    ),
    by_line(
        "folders.forget",
        "forget versions",
        "forget",
        (writable, has_folder, has_catalogue, is_finished),
    ),
    Action(
        "folders.remove",
        "remove",
        remove,
        (writable, has_folder),
        keys="Z",
        tooltip="the folder with all its versions; asks",
        command="remove",
    ),
)
