"""The `headers` table: what the articles of a folder say of themselves, and since when.

A realm has newsgroups and a poster of its own, those it began with; they and its Message-IDs
never change. What a folder posts with instead is a row here. What was posted before stays as it
is, and is still found: nothing here is part of an article's name.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import NamedTuple

from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.commands import FolderChoices
from usenetsync_tui.model.folders import Folder, FolderDefaults, Profile, StoreKind
from usenetsync_tui.model.headers import newsgroups_problem, poster_problem

_SQL = load(__package__, "headers.sql")
_VEIL_SIZE = 32


class Headers(NamedTuple):
    """What a folder posts with; field order is that of the query. None: as in its realm."""

    newsgroups: list[str] | None = None
    sender: str | None = None
    veil: bytes | None = None
    chosen: bool = False
    """By the user; else it was taken from the settings."""


class PostedWith(NamedTuple):
    """What articles were posted with; field order is that of the query."""

    id: int | None
    newsgroups: list[str]
    sender: str
    veil: bytes | None


def refuse(store: StoreKind, profile: Profile, choices: FolderChoices) -> None:
    """`UsageError` for choices that are wrong, or that mean nothing where a folder is kept."""
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
    """The first of the choices here, in words."""
    if choices.newsgroups is not None:
        return "newsgroups"
    if choices.poster is not None:
        return "poster"
    return "articles to obfuscate" if choices.obfuscate else ""


async def change(
    tx: Transaction, folder: Folder, choices: FolderChoices, defaults: FolderDefaults
) -> bool:
    """Have a folder post with what is chosen; returns whether it posts with something else now.

    Until something of it is posted, a plain folder for which nothing was chosen follows the
    settings: what was mistyped there can be corrected there.
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
    """What is posted with from now on, as far as it is chosen."""
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
    """Whether a folder is to post with what the settings say now, and does not yet."""
    realm = folder.realm
    if not folder.is_public or not defaults.newsgroups:
        return False
    if (realm.newsgroups, realm.sender) == (defaults.newsgroups, defaults.sender):
        return False
    values = {"folder": folder.id, "realm": realm.id}
    return not (await tx.one(_SQL["has_posted"], values))[0]


async def every(tx: Transaction, folder: Folder) -> dict[int, PostedWith]:
    """All that a folder ever posted with in its realm, besides what the realm began with."""
    values = {"folder": folder.id, "realm": folder.realm.id}
    return {r[0]: PostedWith(*r) for r in await tx.fetch(_SQL["every"], values)}


async def of_object(tx: Transaction, object_id: int) -> list[int | None]:
    """What the posted articles of an object were posted with; None: as its realm began."""
    return column(await tx.fetch(_SQL["of_object"], {"object": object_id}))


async def found(tx: Transaction, folder_id: int) -> set[str]:
    """The newsgroups of a folder that a server was found to have."""
    return set((await tx.one(_SQL["found"], {"folder": folder_id}))[0])


async def remember_found(tx: Transaction, folder_id: int, newsgroups: Collection[str]) -> None:
    """A server has these newsgroups; they need not be asked for again."""
    values = {"folder": folder_id, "newsgroups": sorted(newsgroups)}
    await tx.run(_SQL["remember_found"], values)
