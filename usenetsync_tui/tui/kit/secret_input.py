"""A password field: the typed text is a `Secret` from the first key on, and never shown."""

from __future__ import annotations

from collections.abc import Iterable

from textual.dom import DOMNode
from textual.widgets import Input

from usenetsync_tui.model.secret import Secret


class SecretInput(Input):
    """Textual's `Input`, except that a repr of its value and of its messages hides the text."""

    def __init__(self, value: str, placeholder: str, *, id: str) -> None:
        super().__init__(Secret(value), placeholder, password=True, id=id, compact=True)

    def validate_value(self, value: str) -> Secret:
        """Wrap typed or pasted text."""
        return Secret(value)


def typed_secrets(screens: Iterable[DOMNode]) -> list[str]:
    """The texts now in the password fields of these screens."""
    lines = (line for screen in screens for line in screen.query(SecretInput))
    return [str(line.value) for line in lines if line.value]
