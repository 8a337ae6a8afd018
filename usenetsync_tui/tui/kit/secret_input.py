"""A line for a password: what is typed is a `Secret` from the first key on, and never shown."""

from __future__ import annotations

from collections.abc import Iterable

from textual.dom import DOMNode
from textual.widgets import Input

from usenetsync_tui.model.secret import Secret


class SecretInput(Input):
    """As Textual's, but its value and the messages about it do not show in a repr."""

    def __init__(self, value: str, placeholder: str, *, id: str) -> None:
        super().__init__(Secret(value), placeholder, password=True, id=id, compact=True)

    def validate_value(self, value: str) -> Secret:
        """What is typed or pasted."""
        return Secret(value)


def typed_secrets(screens: Iterable[DOMNode]) -> list[str]:
    """What stands in the password lines of these screens now."""
    lines = (line for screen in screens for line in screen.query(SecretInput))
    return [str(line.value) for line in lines if line.value]
