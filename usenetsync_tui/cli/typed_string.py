"""The recovery string that a user typed in the place of FOLDER, and its passphrase.

``-`` reads the string from standard input, or asks for it on a terminal without showing it: then
it is in no list of processes and in no history of a shell. Refuses to know what it opens.
"""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

from usenetsync_tui.cli.process_title import hide_argument
from usenetsync_tui.cli.program import program
from usenetsync_tui.errors import RecoveryStringError
from usenetsync_tui.model.recovery.typed_strings import is_string
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.settings.secret_files import secret_line

FROM_INPUT = "-"
_LONGEST = 4096


class TypedString:
    """A recovery string, not yet read. Make it before the event loop runs: it may ask the user."""

    def __init__(
        self, word: str, passphrase_file: Path | None, database: str | None = None
    ) -> None:
        """`word`: the string, or ``-``. `database`: where to look, and not on the servers."""
        for secret in filter(None, (word, database)):
            if secret != FROM_INPUT:
                hide_argument(secret)
        self.database = None if database is None else Secret(database)
        self.text = Secret(_from_input() if word == FROM_INPUT else word)
        self._file = passphrase_file
        self.passphrase = Secret("")
        """Empty if it needs none, or until `secret` has read its file."""
        if passphrase_file is None and self._needs_passphrase():
            self.passphrase = _asked("Passphrase of the recovery string: ") or Secret("")

    def secret(self) -> bytes:
        """The folder's secret. `RecoveryStringError`, `SettingsError`. Blocking: half a second."""
        from usenetsync_tui.codec.recovery_string import read_string  # lists need no cipher

        found = read_string(self.text)
        if not found.is_wrapped:
            return found.opened(None)
        if self._file is not None:
            self.passphrase = Secret(secret_line(self._file))
        if not self.passphrase:
            raise RecoveryStringError(
                "This recovery string needs its passphrase, and there is no terminal to ask for "
                "it: add --passphrase-file FILE."
            )
        return found.opened(self.passphrase)

    def _needs_passphrase(self) -> bool:
        from usenetsync_tui.codec.recovery_string import read_string

        try:
            return read_string(self.text).is_wrapped
        except RecoveryStringError:
            return False  # `secret` says why


def is_typed_string(word: str) -> bool:
    """Whether a word in the place of FOLDER is a recovery string, mistyped or not, or ``-``."""
    return word == FROM_INPUT or is_string(word)


def _from_input() -> str:
    if sys.stdin is None:
        return ""
    if sys.stdin.isatty():
        return _asked("Recovery string: ") or ""
    return sys.stdin.buffer.read(_LONGEST).decode("utf-8", "replace")


def _asked(prompt: str) -> Secret | None:
    """What the user types, not shown; None without a terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return None
    try:
        return Secret(getpass.getpass(f"{program()}: {prompt}"))
    except EOFError:
        return None
