"""What the user says about a version: its tags, and whether it is protected."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.errors import UnknownSnapshotError, UsageError
from usenetsync_tui.model.versions.keep_rules import MOST_TAGS

_SQL = load(__package__, "marks.sql")


async def tag(tx: Transaction, folder: int, version: int, tags: Collection[str]) -> None:
    """Add tags to a version. `UsageError` when it would have more than `MOST_TAGS`.

    `UnknownSnapshotError`, here and below: it was forgotten meanwhile.
    """
    values = {"folder": folder, "version": version, "tags": list(tags)}
    row = await tx.maybe(_SQL["tag"], values)
    _require([version], [] if row is None else [version])
    if row is not None and row[0] > MOST_TAGS:
        raise UsageError(f"A version has at most {MOST_TAGS} tags.")


async def untag(tx: Transaction, folder: int, version: int, tags: Collection[str]) -> None:
    """Take tags from a version; none: all that it has."""
    values = {"folder": folder, "version": version, "tags": list(tags), "all": not tags}
    _require([version], column(await tx.fetch(_SQL["untag"], values)))


async def protect(
    tx: Transaction, folder: int, versions: Collection[int], *, protected: bool
) -> None:
    """Protect versions, or take that back."""
    values = {"folder": folder, "versions": list(versions), "protected": protected}
    _require(versions, column(await tx.fetch(_SQL["protect"], values)))


async def refuse_protected(
    tx: Transaction, folder: int, versions: Collection[int] | None = None
) -> None:
    """`UsageError` if some of these versions are protected; None: of all versions of the folder.

    No other transaction protects one of them before this one ends: for the transaction that marks
    versions as forgotten.
    """
    values = {
        "folder": folder,
        "versions": list(versions or ()),
        "all": versions is None,
    }
    refuse(column(await tx.fetch(_SQL["protected"], values)))


def refuse(protected: Iterable[int]) -> None:
    """`UsageError` if there is a protected version among those to forget."""
    listed = ", ".join(map(str, protected))
    if listed:
        raise UsageError(
            f"Nothing is forgotten: version {listed} is protected. "
            "To take that back: usenetsync protect FOLDER VERSION --remove"
        )


def _require(wanted: Collection[int], found: Collection[int]) -> None:
    if gone := sorted({*wanted} - {*found}):
        raise UnknownSnapshotError(f"There is no version {', '.join(map(str, gone))}.")
