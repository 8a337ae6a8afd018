"""The `exclusions` table: why paths of earlier versions are not in later ones.

A row says from which version on the filters leave a path out, with all below it. Paths that no
version ever had have none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.model.filters import Excluded, Rule
from usenetsync_tui.model.path_keys import path_key

_SQL = load(__package__, "exclusions.sql")

Gone = tuple[bytes, int]
"""A path, and the version from which on it is not there."""


async def clear(tx: Transaction, folder: int, version: int) -> None:
    """Forget what the version under construction leaves out."""
    await tx.run(_SQL["clear"], {"folder": folder, "version": version})


async def add(tx: Transaction, folder: int, version: int, excluded: Iterable[Excluded]) -> None:
    """Record what the version under construction leaves out of those before it."""
    every = list(excluded)
    values = {
        "folder": folder,
        "version": version,
        "keys": [path_key(each.path) for each in every],
        "rules": [each.rule.text for each in every],
        "places": [each.rule.place for each in every],
    }
    await tx.run(_SQL["add"], values)


async def rules_of(
    tx: Transaction, folder: int, versions: tuple[int, int], removed: Collection[Gone]
) -> dict[Gone, Rule]:
    """By which rule paths were left out, of those that were.

    `versions`: an older and a newer one. `removed`: paths, each with the version from which on it
    is gone.
    """
    ways = {path: _ways(path) for path, _ in removed}
    keys = sorted({path_key(way) for each in ways.values() for way in each})
    if not keys:
        return {}
    older, newer = versions
    values = {"folder": folder, "older": older, "newer": newer, "keys": keys}
    rows = await tx.fetch(_SQL["among"], values)
    found = {(version, key): Rule(rule, place) for version, key, rule, place in rows}
    if not found:
        return {}
    rules = {gone: _first(found, gone[1], ways[gone[0]]) for gone in removed}
    return {gone: rule for gone, rule in rules.items() if rule is not None}


def _first(
    found: Mapping[tuple[int, bytes], Rule], version: int, ways: Collection[bytes]
) -> Rule | None:
    rules = (found.get((version, path_key(way))) for way in ways)
    return next((rule for rule in rules if rule is not None), None)


def _ways(path: bytes) -> list[bytes]:
    """A path and the directories above it, the folder but not included."""
    parts = path.removesuffix(b"/").split(b"/")
    above = [b"/".join(parts[:depth]) + b"/" for depth in range(1, len(parts))]
    return [path, *reversed(above)]
