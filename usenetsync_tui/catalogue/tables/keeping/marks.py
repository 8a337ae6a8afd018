"""What the user says about a version: its tags, and whether it is protected."""

from __future__ import annotations

from collections.abc import Collection

from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.keep_rules import MOST_TAGS

_SQL = load(__package__, "marks.sql")


async def tag(tx: Transaction, folder: int, version: int, tags: Collection[str]) -> None:
    """Add tags to a version. `UsageError` when it would have more than `MOST_TAGS`."""
    values = {"folder": folder, "version": version, "tags": list(tags)}
    count = (await tx.one(_SQL["tag"], values))[0]
    if count > MOST_TAGS:
        raise UsageError(f"A version has at most {MOST_TAGS} tags.")


async def untag(tx: Transaction, folder: int, version: int, tags: Collection[str]) -> None:
    """Take tags from a version; none: all that it has."""
    await tx.run(
        _SQL["untag"], {"folder": folder, "version": version, "tags": list(tags), "all": not tags}
    )


async def protect(
    tx: Transaction, folder: int, versions: Collection[int], *, protected: bool
) -> None:
    """Protect versions, or take that back."""
    values = {"folder": folder, "versions": list(versions), "protected": protected}
    await tx.run(_SQL["protect"], values)


async def protected_of(tx: Transaction, folder: int, versions: Collection[int]) -> list[int]:
    """Those of these versions that are protected; no transaction changes that until this one ends.

    For the transaction that marks versions as forgotten.
    """
    rows = await tx.fetch(_SQL["protected"], {"folder": folder, "versions": list(versions)})
    return column(rows)
