"""NZB files in words: which folders have none, and why."""

from __future__ import annotations

from usenetsync_tui.cells import cut_middle
from usenetsync_tui.model.folders import Folder, Profile, StoreKind
from usenetsync_tui.model.text.safe_name import safe_name


def nzb_refusal(folder: Folder) -> str:
    """Why a folder can have no NZB; empty when it can have one."""
    if (folder.realm.store, folder.realm.profile) == (StoreKind.USENET, Profile.PLAIN):
        return ""
    where = "on Usenet" if folder.realm.store is StoreKind.USENET else "in the database"
    return (
        f"{cut_middle(safe_name(folder.name), 40)} is {folder.realm.profile} {where}: other "
        "programs can read only plain folders on Usenet."
    )
