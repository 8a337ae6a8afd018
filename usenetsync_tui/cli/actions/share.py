"""`usenetsync share`: the recovery string of a folder, and what it brings back."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from anyio import to_thread

from usenetsync_tui.catalogue.tables import snapshots
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.run import Exit, catalogue_to_read, environment, folder_named, start
from usenetsync_tui.codec.key_wrapping import SALT_SIZE
from usenetsync_tui.codec.recovery_string import grouped, recovery_string, wrapped_string
from usenetsync_tui.codec.sealing import NONCE_SIZE
from usenetsync_tui.engine.keys import KeyRing
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.folders import Snapshot
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.settings.secret_files import secret_line


def share(folder: str, passphrase_file: Path | None, as_json: bool) -> None:
    """Print the recovery string of a folder."""
    start(
        lambda: _share(folder, passphrase_file, as_json), as_json=as_json, output_is_the_work=True
    )


async def _share(word: str, passphrase_file: Path | None, as_json: bool) -> Exit:
    settings, locations = environment()
    async with catalogue_to_read("share") as opened, opened.catalogue.transaction() as tx:
        folder = await folder_named(tx, word)
        wrapped = await posted.secret_of(tx, folder.id)
        versions = await snapshots.finished(tx, folder.id)
    name = safe_name(folder.name)
    if wrapped is None:
        raise UsageError(f"{name} has no recovery string yet. Its next upload makes one.")
    ring = KeyRing(settings, locations)
    secret = await to_thread.run_sync(ring.unwrap, wrapped)
    string = await to_thread.run_sync(_string, secret, passphrase_file)
    newest = max((v.version for v in versions if v.indexed), default=0)
    if as_json:
        voices.emit("share", folder=folder.name, string=string, version=newest)
        return Exit.DONE
    voices.say(grouped(string))
    voices.complain(_about(name, newest, versions))
    return Exit.DONE


def _string(secret: bytes, passphrase_file: Path | None) -> str:
    if passphrase_file is None:
        return recovery_string(secret)
    passphrase = secret_line(passphrase_file)
    salt, nonce = secrets.token_bytes(SALT_SIZE), secrets.token_bytes(NONCE_SIZE)
    return wrapped_string(secret, passphrase, salt=salt, nonce=nonce)


def _about(name: str, newest: int, versions: Sequence[Snapshot]) -> str:
    if not newest:
        return f"No version of {name} has its index in the store yet: the next upload posts it."
    words = f"It brings back {name} up to version {newest}."
    if versions[-1].version > newest:
        words += f" Version {versions[-1].version} is not in its index yet."
    return words
