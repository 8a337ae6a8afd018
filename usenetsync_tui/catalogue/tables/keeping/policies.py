"""The keep rules of a folder, in its row of `folders`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from usenetsync_tui.catalogue.columns import KEEP
from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.model.versions.keep_rules import KeepPolicy, KeepRules, TimeSpan, span_typed

_SQL = load(__package__, "policies.sql")


def policy_of(row: Sequence[Any]) -> KeepPolicy:
    """A row of `columns.KEEP`."""
    values = dict(zip(KEEP, row, strict=True))
    is_own, within = values.pop("is_own"), values["within"]
    values["within"] = span_typed(within) if within else TimeSpan()
    values["tags"] = tuple(values["tags"])
    return KeepPolicy(KeepRules(**values), is_own)


async def remember(tx: Transaction, folder_id: int, policy: KeepPolicy) -> None:
    """Store the keep rules of a folder."""
    rules = policy.rules
    values = {name: getattr(rules, name) for name in KeepRules.__dataclass_fields__}
    values |= {"within": str(rules.within), "tags": list(rules.tags)}
    await tx.run(_SQL["remember"], {**values, "is_own": policy.is_own, "folder": folder_id})
