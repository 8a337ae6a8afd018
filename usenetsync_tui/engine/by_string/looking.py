"""Lists the versions of a recovery string's folder for a window of the engine.

The latest request counts. Never logs the string.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from anyio import CancelScope
from anyio.abc import TaskGroup

from usenetsync_tui.engine.by_string.typed_secret import secret_of
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.errors import UsenetSyncError, leading_error
from usenetsync_tui.locations import Locations
from usenetsync_tui.model.commands.recovery import LookByString
from usenetsync_tui.model.status.recovery import StringVersions

if TYPE_CHECKING:
    from usenetsync_tui.pipeline.index.find_root import FoundRoot

_MOST = 1000
"""Versions that a window is sent; an older one can be typed."""


@dataclass(slots=True)
class StringSearches:
    """One search at a time, and what the latest one found."""

    group: TaskGroup
    stores: Stores
    locations: Locations
    versions: StringVersions | None = None
    _scope: CancelScope = field(default_factory=CancelScope)

    def begin(self, command: LookByString) -> None:
        """Begin; an earlier search ends."""
        self._scope.cancel()
        self._scope = CancelScope()
        number = self.versions.number + 1 if self.versions else 1
        self.versions = StringVersions(number, window=command.window)
        self.group.start_soon(self._run, self._scope, self.versions, command)

    async def _run(self, scope: CancelScope, begun: StringVersions, command: LookByString) -> None:
        with scope:
            try:
                done = await self._found(begun, command)
            except Exception as error:
                failure = leading_error(error)
                if not isinstance(failure, UsenetSyncError):
                    raise
                done = replace(begun, problem=str(failure))
            if scope is self._scope and not scope.cancel_called:
                self.versions = replace(done, over=True)

    async def _found(self, begun: StringVersions, command: LookByString) -> StringVersions:
        from usenetsync_tui.engine.by_string.found_versions import found_versions
        from usenetsync_tui.engine.by_string.recovery import open_recovery

        secret = await secret_of(command.string, command.passphrase)
        async with open_recovery(
            secret,
            self.stores.settings,
            self.locations,
            waits=self.stores.waits,
            servers=self.stores.servers,
        ) as recovery:
            root = recovery.root
            return replace(
                begun,
                folder=root.name,
                versions=tuple(found_versions(root)[: -_MOST - 1 : -1]),
                doubt=_doubt(recovery.found),
            )


def _doubt(found: FoundRoot) -> str:
    """Why there may be a newer version than those that are listed."""
    if found.unreadable:
        version, why = max(found.unreadable.items())
        return f"The root of version {version} cannot be read ({why})."
    return f"There may be a newer version: {found.unsure}" if found.unsure else ""
