"""`usenetsync key`: the secret that wraps the keys of folders."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from anyio import to_thread

from usenetsync_tui.catalogue.tables import keys
from usenetsync_tui.cli.errand.request import Request
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.table import Column
from usenetsync_tui.cli.program import program
from usenetsync_tui.cli.run import Exit, catalogue_to_read, environment, start, waits_said
from usenetsync_tui.codec.key_wrapping import SecretKind
from usenetsync_tui.engine.opening import OpenCatalogue
from usenetsync_tui.engine.secret_change.change import NewSecret, change_secret
from usenetsync_tui.engine.secret_change.show import folder_keys, secret_report
from usenetsync_tui.environment import absolute_path
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.commands.engine import ChangeKey
from usenetsync_tui.model.recovery.keys import (
    ChangedSecret,
    FolderKey,
    SecretReport,
    fingerprint_words,
    report_lines,
    verdict,
)
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.waiting import Waits, Work

_HEADS = (Column("FOLDER", least=12), Column("KEY OF"), Column("NEEDS"), Column("OPENS"))


def show(as_json: bool) -> None:
    """Print where the secret is, and whether it opens each key."""
    start(lambda: _show(as_json), as_json=as_json, output_is_the_work=True)


async def _show(as_json: bool) -> Exit:
    settings, locations = environment()
    async with catalogue_to_read("key") as opened, opened.catalogue.transaction() as tx:
        wrapped = await keys.every_wrapped(tx)
    report = await to_thread.run_sync(lambda: secret_report(settings, locations))
    found = await to_thread.run_sync(lambda: [*folder_keys(settings, locations, wrapped)])
    if as_json:
        mode = None if report.mode is None else f"{report.mode:04o}"
        voices.emit("secret", **{**asdict(report), "mode": mode})
        for key in found:
            voices.emit("key", **asdict(key), opens=not key.problem)
    else:
        _print(report, found)
    return Exit.INCOMPLETE if any(key.problem for key in found) else Exit.DONE


def _print(report: SecretReport, found: Sequence[FolderKey]) -> None:
    for head, text in report_lines(report):
        voices.say_beside(f"{head:12} ", text)
    rows = [
        (
            safe_name(key.folder),
            key.purpose,
            f"{key.wrapped_by} {fingerprint_words(key.fingerprint)}".strip() or "damaged",
            "no" if key.problem else "yes",
        )
        for key in found
    ]
    voices.say_table(_HEADS, rows)
    for key in found:
        if key.problem:
            voices.say_beside(
                "  ! ", f"{safe_name(key.folder)} ({key.purpose}): {safe_name(key.problem)}"
            )
    voices.say(verdict(found))


def change(
    new_key_file: Path | None, new_passphrase_file: Path | None, wait: float, as_json: bool
) -> None:
    """Wrap all keys with another secret, and print what is where."""
    start(
        lambda: _change(_wanted(new_key_file, new_passphrase_file), wait, as_json), as_json=as_json
    )


def _wanted(key_file: Path | None, passphrase_file: Path | None) -> NewSecret:
    """What the options ask for. `UsageError` if that is nothing, or two things."""
    if key_file is not None and passphrase_file is None:
        return NewSecret(SecretKind.KEY_FILE, _absolute(key_file))
    if passphrase_file is not None and key_file is None:
        return NewSecret(SecretKind.PASSPHRASE, _absolute(passphrase_file))
    raise UsageError("Give either --new-key-file FILE or --new-passphrase-file FILE.")


def _absolute(path: Path) -> Path:
    return Path(os.fsdecode(absolute_path(os.fsencode(path))))


async def _change(wanted: NewSecret, wait: float, as_json: bool) -> Exit:
    settings, locations = environment()
    waits = Waits()

    async def command() -> ChangeKey:
        return ChangeKey(os.fsencode(wanted.path), wanted.kind is SecretKind.PASSPHRASE)

    async def alone(opened: OpenCatalogue) -> ChangedSecret:
        with waits.announced(work := Work("opening and wrapping the keys")):
            return await change_secret(opened.catalogue, locations, wanted, seen=work.seen)

    request = Request[ChangedSecret](
        settings, locations, what="key change", voice=Voice(as_json), waits=waits, wait=wait
    )
    async with waits_said(waits):
        changed = await request.run(command, alone)
    if changed is None:
        voices.complain(f"{program()} key show    says which secret is in force")
        return Exit.INTERRUPTED
    if as_json:
        voices.emit("key_change", **asdict(changed))
        return Exit.DONE
    for line in changed.lines:
        voices.say(line)
    return Exit.DONE
