"""The folders that keys act on: what can be verified of them, their names, and their conditions."""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.jobs import Verb
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.actions.context import Context
from usenetsync_tui.tui.dialogs.choices_dialog import nzb_refusal


def in_words(folders: Sequence[Folder]) -> str:
    """The name of a single folder, safe to print; the number of several."""
    if len(folders) == 1:
        return cut_middle(safe_name(folders[0].name), 30)
    return plural(len(folders), "folder")


def verifiable(here: Context) -> list[Folder]:
    """Of the folders that are meant, those with a finished version and no open verify."""
    jobs = here.status.jobs if here.status is not None else ()
    under_way = {job.folder_id for job in jobs if job.verb is Verb.VERIFY and not job.state.is_over}
    return [
        each.folder
        for each in here.meant
        if each.latest is not None and each.folder.id not in under_way
    ]


# Conditions


def is_finished(here: Context) -> str:
    """The version at hand is finished, or, if none is at hand, any version."""
    at = here.at_hand
    if at.unfinished:
        return f"Version {at.version} is not finished yet."
    chosen = here.chosen
    if chosen is not None and chosen.latest is None and at.version is None:
        return none_finished(chosen.folder)
    return ""


def can_be_verified(here: Context) -> str:
    """A folder can be verified."""
    if verifiable(here):
        return ""
    folders = [each.folder for each in here.meant]
    if any(each.latest is not None for each in here.meant):
        verb = "is" if len(folders) == 1 else "are"
        return f"{in_words(folders)} {verb} being verified already."
    return none_finished(*folders)


def has_nzb(here: Context) -> str:
    """An NZB can list the articles of the chosen folder."""
    return nzb_refusal(here.chosen.folder) if here.chosen is not None else ""


def none_finished(*folders: Folder) -> str:
    """The sentence for folders without a finished version."""
    return f"No version of {in_words(folders)} is finished yet."
