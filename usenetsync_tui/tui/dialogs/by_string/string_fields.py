"""The two fields of a typed recovery string: the string, and the passphrase that it may need."""

from __future__ import annotations

from textual.app import ComposeResult

from usenetsync_tui.tui.kit.form import Field, line_input


def string_fields() -> ComposeResult:
    """Both are hidden, like every secret."""
    yield Field(
        "String",
        line_input("string", placeholder="usen etsy nc1p …", secret=True),
        hint="Spaces, hyphens and capitals do not matter. ctrl+o shows what is typed.",
    )
    yield Field(
        "Passphrase",
        line_input("passphrase", secret=True),
        hint="Only for a string that was made with one. ctrl+o shows what is typed.",
    )
