"""Backs up the catalogue into a file, and restores it: for the command and for the screen.

Knows files; refuses to know tables (`catalogue.backup`) and the format (`codec.catalogue_backup`).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO

from anyio import to_thread

from usenetsync_tui.catalogue.backup.restore import examine, refuse_contents, restore_backup
from usenetsync_tui.catalogue.backup.write import write_backup
from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.engine.new_file import new_file
from usenetsync_tui.errors import BackupUnusableError, TargetError, UsageError
from usenetsync_tui.model.recovery.backups import BackupFound, BackupMade
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.whole_file import PRIVATE

Seen = Callable[[int, int], object]
"""Gets the bytes that are done, of how many."""


async def back_up(
    catalogue: Catalogue,
    path: bytes,
    *,
    with_articles: bool = False,
    replace: bool = False,
    seen: Seen | None = None,
) -> BackupMade:
    """Write a backup into a new file that only its owner can read, while an engine may work.

    The file has its name when it is complete and on disk. `TargetError` when the name is taken
    (unless `replace`), or the disk is full or refuses.
    """
    try:
        with new_file(path, replace=replace, mode=PRIVATE) as file:
            return await write_backup(
                catalogue,
                file.write,
                with_articles=with_articles,
                now=datetime.now().astimezone(),
                seen=seen,
            )
    except TargetError as error:
        if isinstance(error.__cause__, FileExistsError):
            words = f"{error.args[0]} Choose another name, or add --force to replace it."
            raise TargetError(words) from error.__cause__
        raise


async def check(path: bytes, *, seen: Seen | None = None) -> BackupFound:
    """Read a backup to its end, and check all of it. `BackupUnusableError`, `UsageError`."""

    def read_all() -> BackupFound:
        with _opened(path) as file:
            size = os.fstat(file.fileno()).st_size
            return examine(file.read, seen=lambda done: seen and seen(done, size))

    with _named(path):
        return await to_thread.run_sync(read_all, abandon_on_cancel=True)


async def put_back(
    catalogue: Catalogue, path: bytes, *, replace: bool, seen: Seen | None = None
) -> BackupFound:
    """Replace the catalogue by a backup, in one step, after checking all of it.

    The caller holds the catalogue, and no job runs. `CatalogueNotEmptyError` unless `replace`;
    `BackupUnusableError`, `DatabaseBusyError`. Then nothing has changed.
    """
    found = await check(path)
    if not replace:
        await refuse_contents(catalogue, with_articles=found.with_articles)
    with _named(path), _opened(path) as file:
        return await restore_backup(
            catalogue,
            file.read,
            replace=replace,
            seen=lambda done: seen and seen(done, found.bytes),
        )


@contextmanager
def _named(path: bytes) -> Iterator[None]:
    """Errors about a backup name its file."""
    try:
        yield
    except BackupUnusableError as error:
        raise BackupUnusableError(f"{safe_name(path)}: {error.args[0]}") from error.__cause__


@contextmanager
def _opened(path: bytes) -> Iterator[IO[bytes]]:
    """A backup to read. `UsageError` when it cannot be read."""
    try:
        if not os.path.isfile(path) and os.path.exists(path):
            raise OSError(errno.EISDIR, "Not a regular file")
        with open(path, "rb") as file:
            yield file
    except OSError as error:
        raise UsageError(f"{safe_name(path)} cannot be read: {error.strerror}.") from None
