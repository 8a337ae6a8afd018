"""A field for a secret: the typed text is a `Secret` from the first key on, and hidden.

The user can look at it while the field has the focus: a long string is hard to type unseen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.events import Blur
from textual.widgets import Input

from usenetsync_tui.model.secret import Secret


class SecretInput(Input):
    """Textual's `Input`, except that a repr of its value and of its messages hides the text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+o", "reveal", "show or hide", id="secret.show", tooltip="what is typed"),
    ]

    def __init__(self, value: str, placeholder: str, *, id: str) -> None:
        super().__init__(Secret(value), placeholder, password=True, id=id, compact=True)

    def validate_value(self, value: str) -> Secret:
        """Wrap typed or pasted text."""
        return Secret(value)

    def action_reveal(self) -> None:
        """Show the text, until the focus leaves the field; the second time hide it."""
        self.password = not self.password

    def on_blur(self, event: Blur) -> None:
        """Hide the text again."""
        self.password = True


def typed_secrets(screens: Iterable[DOMNode]) -> list[str]:
    """The texts now in the fields of secrets of these screens."""
    lines = (line for screen in screens for line in screen.query(SecretInput))
    return [str(line.value) for line in lines if line.value]
