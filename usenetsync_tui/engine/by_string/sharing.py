"""The recovery string that the screen shows: made when it is asked for, forgotten when it is not.

Never logs the string. The latest request counts.
"""

from __future__ import annotations

import os
from dataclasses import replace

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.codec.recovery_string import grouped
from usenetsync_tui.engine.by_string.folder_string import folder_string, names_that_wait, seen
from usenetsync_tui.engine.keys import KeyRing
from usenetsync_tui.engine.new_file import new_file
from usenetsync_tui.errors import UsageError, UsenetSyncError
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.status.recovery import Sharing
from usenetsync_tui.whole_file import PRIVATE


class SharedString:
    """The string of one folder, from the request to show it to the request to forget it."""

    def __init__(self, group: TaskGroup, catalogue: Catalogue, ring: KeyRing) -> None:
        self._group = group
        self._catalogue = catalogue
        self._ring = ring
        self._scope = anyio.CancelScope()
        self.sharing: Sharing | None = None

    def begin(self, folder_id: int, passphrase: Secret, window: int = 0) -> None:
        """Make the string of a folder for a window; with a passphrase unless that is empty."""
        self._forget()
        self._scope = anyio.CancelScope()
        self.sharing = Sharing(folder_id, has_passphrase=bool(passphrase), window=window)
        self._group.start_soon(self._make, self._scope, self.sharing, passphrase)

    def end(self, window: int = 0) -> None:
        """Forget the string, if it is this window's."""
        if self.sharing is not None and self.sharing.window == window:
            self._forget()

    def _forget(self) -> None:
        self._scope.cancel()
        self.sharing = None

    def write(self, path: bytes, window: int = 0) -> None:
        """Write the string into a new file that only the user can read. `UsageError`."""
        shown = self.sharing is not None and self.sharing.window == window
        if self.sharing is None or not shown or not self.sharing.string:
            raise UsageError("No recovery string is shown.")
        if not os.path.isabs(path):
            raise UsageError("The path must be absolute.")
        self.sharing = replace(self.sharing, file=path, file_problem="", is_written=False)
        self._group.start_soon(self._write, self._scope, self.sharing)

    async def _make(self, scope: anyio.CancelScope, sharing: Sharing, passphrase: Secret) -> None:
        with scope:
            try:
                string = await folder_string(
                    self._catalogue, self._ring, sharing.folder_id, passphrase or None
                )
                await seen(self._catalogue, sharing.folder_id)
                waits = await names_that_wait(self._catalogue, sharing.folder_id)
            except UsenetSyncError as error:
                if error.retryable:
                    raise
                self._publish(scope, replace(sharing, problem=str(error)))
            else:
                self._publish(scope, replace(sharing, string=string, waits=waits))

    async def _write(self, scope: anyio.CancelScope, sharing: Sharing) -> None:
        with scope:
            try:
                await to_thread.run_sync(_written, sharing.file, sharing.string)
            except UsenetSyncError as error:
                self._publish(scope, replace(sharing, file_problem=str(error)))
            else:
                self._publish(scope, replace(sharing, is_written=True))

    def _publish(self, scope: anyio.CancelScope, sharing: Sharing) -> None:
        if scope is self._scope and not scope.cancel_called:
            self.sharing = sharing


def _written(path: bytes, string: str) -> None:
    with new_file(path, mode=PRIVATE) as file:
        file.write(f"{grouped(string)}\n".encode())
