"""A form that can show what its answers would do, before anybody accepts them.

Knows the button beside the others. Refuses to know what is shown, and where.
"""

from __future__ import annotations

from typing import TypeVar

from textual.app import ComposeResult
from textual.widgets import Button

from usenetsync_tui.tui.kit.form import Form

T = TypeVar("T")


class PreviewForm(Form[T]):
    """Has a button `Preview`; each form binds a key to the same action."""

    def buttons(self) -> ComposeResult:
        yield from super().buttons()
        yield Button("Preview", id="preview", compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Accept the answers, or preview them."""
        if event.button.id == "preview":
            self.action_preview()
        else:
            super().on_button_pressed(event)

    def action_preview(self) -> None:
        """Show what the answers would do."""
        raise NotImplementedError
