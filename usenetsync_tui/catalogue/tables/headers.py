"""The `headers` table: the newsgroups, poster and veil of a folder's articles, and since when.

A realm has its first newsgroups and poster; they and its Message-IDs never change. If a folder
posts with others, they are a row here. Earlier articles stay as they are and are still found:
nothing here is part of an article's name.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import NamedTuple

from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.folders import Folder, FolderDefaults, Profile, StoreKind
from usenetsync_tui.model.servers.headers import newsgroups_problem, poster_problem

_SQL = load(__package__, "headers.sql")
_VEIL_SIZE = 32


class Headers(NamedTuple):
    """The headers of a folder; field order is that of the query. None: as in its realm."""

    newsgroups: list[str] | None = None
    sender: str | None = None
    veil: bytes | None = None
    chosen: bool = False
    """Whether the user chose them; else they are from the settings."""


class PostedWith(NamedTuple):
    """The headers of posted articles; field order is that of the query."""

    id: int | None
    newsgroups: list[str]
    sender: str
    veil: bytes | None


def refuse(store: StoreKind, profile: Profile, choices: FolderChoices) -> None:
    """`UsageError` for choices that are wrong, or that the store or profile does not have."""
    problem = ""
    if choices.newsgroups is not None:
        problem = newsgroups_problem(choices.newsgroups)
    if choices.poster is not None:
        problem = problem or poster_problem(choices.poster)
    chosen = _chosen(choices)
    if store is not StoreKind.USENET and chosen:
        problem = problem or f"A folder in the {store} store is not posted: it has no {chosen}."
    elif profile is Profile.SEALED and (choices.poster is not None or choices.obfuscate):
        problem = problem or (
            "Every sealed article has a random poster, subject and name already. "
            "A poster and obfuscation can be chosen for plain folders only."
        )
    if problem:
        raise UsageError(problem)


def _chosen(choices: FolderChoices) -> str:
    """The first chosen header, in words; "" when none is chosen."""
    if choices.newsgroups is not None:
        return "newsgroups"
    if choices.poster is not None:
        return "poster"
    return "articles to obfuscate" if choices.obfuscate else ""


async def change(
    tx: Transaction, folder: Folder, choices: FolderChoices, defaults: FolderDefaults
) -> bool:
    """Record the chosen headers of a folder; returns whether they changed.

    Until an article is posted, a plain folder without choices follows the settings, so that the
    user can correct a typing error there.
    """
    row = await tx.maybe(_SQL["before"], {"folder": folder.id})
    before = Headers(*row) if row else Headers()
    after = _after(before, choices)
    if not after.chosen and await _follows(tx, folder, defaults):
        after = after._replace(newsgroups=list(defaults.newsgroups), sender=defaults.sender)
    if after == before:
        return False
    await tx.run(_SQL["change"], {"folder": folder.id, **after._asdict()})
    return True


def _after(before: Headers, choices: FolderChoices) -> Headers:
    """The headers from now on, as far as the user chose them."""
    after = before
    if choices.newsgroups is not None:
        after = after._replace(newsgroups=list(dict.fromkeys(choices.newsgroups)), chosen=True)
    if choices.poster is not None:
        after = after._replace(sender=choices.poster, chosen=True)
    if choices.obfuscate is not None and choices.obfuscate is not (before.veil is not None):
        veil = secrets.token_bytes(_VEIL_SIZE) if choices.obfuscate else None
        after = after._replace(veil=veil)
    return after


async def _follows(tx: Transaction, folder: Folder, defaults: FolderDefaults) -> bool:
    """Whether a folder must change to the headers of the settings."""
    realm = folder.realm
    if not folder.is_public or not defaults.newsgroups:
        return False
    if (realm.newsgroups, realm.sender) == (defaults.newsgroups, defaults.sender):
        return False
    values = {"folder": folder.id, "realm": realm.id}
    return not (await tx.one(_SQL["has_posted"], values))[0]


async def every(tx: Transaction, folder: Folder) -> dict[int, PostedWith]:
    """All headers that a folder ever had in its realm, by id, without the realm's first ones."""
    values = {"folder": folder.id, "realm": folder.realm.id}
    return {r[0]: PostedWith(*r) for r in await tx.fetch(_SQL["every"], values)}


async def of_object(tx: Transaction, object_id: int) -> list[int | None]:
    """The ids of the headers of an object's posted articles; None: the realm's first ones."""
    return column(await tx.fetch(_SQL["of_object"], {"object": object_id}))


async def found(tx: Transaction, folder_id: int) -> set[str]:
    """The newsgroups of a folder that some server is known to have."""
    return set((await tx.one(_SQL["found"], {"folder": folder_id}))[0])


async def remember_found(tx: Transaction, folder_id: int, newsgroups: Collection[str]) -> None:
    """Record that a server has these newsgroups, so that nobody asks for them again."""
    values = {"folder": folder_id, "newsgroups": sorted(newsgroups)}
    await tx.run(_SQL["remember_found"], values)
