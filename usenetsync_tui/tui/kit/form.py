"""Forms over the screen: labelled fields, a hint for the focused field, complaints under fields.

Every dialog that asks for more than one answer is a form. Knows fields and how the focus moves.
Refuses to know the questions and the right answers: each dialog defines its own.

Enter moves to the next field and at the end presses the button, so a user who wants the defaults
only presses enter. Tab and the arrow keys move, ctrl+s accepts the answers from any field, escape
closes the form. Pasted lines go into one field each, and never press a button.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import DescendantFocus
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from usenetsync_tui.model.secret import Secret
from usenetsync_tui.tui.kit.options import OptionRow, Options, Ticks
from usenetsync_tui.tui.kit.secret_input import SecretInput

T = TypeVar("T")

Complaints = Mapping[str, str]
"""By the id of a field: a sentence on what is wrong with the answer."""

_CONTROLS = "Input, OptionRow, Button"
"""The widgets at which tab stops."""


class Field(Vertical):
    """A label, a control, and below it a complaint or a warning about the answer."""

    def __init__(self, label: str, control: Widget, *, hint: str = "", more: bool = False) -> None:
        """The control's id names the field. `more`: the form shows the field only on demand."""
        super().__init__(classes="field more" if more else "field")
        self._label = label
        self._control = control
        self.hint = hint
        self.complaint = ""

    @property
    def name_of_field(self) -> str:
        """The id of its control."""
        return self._control.id or ""

    def compose(self) -> ComposeResult:
        with Horizontal(classes="field-row"):
            yield Static(self._label, markup=False, classes="field-label")
            yield self._control
        yield Static("", markup=False, classes="field-complaint")

    def on_mount(self) -> None:
        """Show the warning of the initial answer, if it has one."""
        self.complain("")

    def complain(self, text: str) -> None:
        """Show a complaint; when empty, the warning of the answer, if it has one."""
        self.complaint = text
        warning = self._control.value_warning if isinstance(self._control, OptionRow) else ""
        said = text or warning
        note = self.query_one(".field-complaint", Static)
        note.update(Content(f"! {said}" if said else ""))
        note.display = bool(said)

    def on_option_row_changed(self) -> None:
        """Replace the complaint by the warning of the new choice, if it has one."""
        self.complain("")

    @property
    def advice(self) -> str:
        """The hint for the current answer, else the hint of the field."""
        hint = self._control.at.hint if isinstance(self._control, OptionRow) else ""
        return hint or self.hint


class Form(ModalScreen[T]):
    """A frame of fields. Returns the answers when accepted, or None on escape."""

    AUTO_FOCUS = _CONTROLS
    BINDING_GROUP_TITLE = "Form"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "back", id="form.back"),
        Binding("tab,down", "field(1)", "next field", id="form.next"),
        Binding("shift+tab,up", "field(-1)", "field before", show=False, id="form.previous"),
        # A line feed, which a burst may have for enter, arrives as ctrl+j.
        Binding("enter,ctrl+j", "field(1)", "next field", show=False, id="form.enter"),
        Binding("ctrl+s", "finish", "finish", id="form.finish", tooltip="from any field"),
    ]
    ACTION = "Save"
    """The label of the button."""
    HINTS = True
    """Whether the form has two lines for hints."""

    def __init__(self, heading: str) -> None:
        """The form shows `heading` unchanged: the caller makes names in it safe."""
        super().__init__()
        self._heading = heading

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="form", can_focus=False) as frame:
            frame.border_title = Content(self._heading)
            keys = f"enter or tab next · ctrl+s {self.ACTION.lower()} · esc back"
            frame.border_subtitle = Content(keys)
            yield from self.fields()
            if self.HINTS:
                yield Static("", markup=False, id="form-hint")
            with Horizontal(id="form-buttons"):
                yield from self.buttons()
            yield from self.after()

    def fields(self) -> ComposeResult:
        """The fields, from top to bottom."""
        raise NotImplementedError

    def buttons(self) -> ComposeResult:
        """The buttons; the one with the id ``accept`` accepts the answers."""
        yield Button(self.ACTION, id="accept", compact=True)

    def after(self) -> ComposeResult:
        """Widgets below the buttons."""
        yield from ()

    def accept(self) -> None:
        """Check the answers: call `end`, or complain."""
        raise NotImplementedError

    def end(self, result: T | None) -> None:
        """Close the form, once: a second enter may follow the first."""
        if self.is_current:
            self.dismiss(result)

    def text(self, name: str) -> str:
        """The text in a field."""
        return self.query_one(f"#{name}", Input).value

    def secret(self, name: str) -> Secret:
        """The text in a password field."""
        return Secret(self.query_one(f"#{name}", SecretInput).value)

    def choice(self, name: str) -> str:
        """The value of the chosen option in a row."""
        return self.query_one(f"#{name}", Options).value

    def ticked(self, name: str) -> frozenset[str]:
        """The values of the ticked options in a row."""
        return self.query_one(f"#{name}", Ticks).values

    def complain(self, complaints: Complaints) -> None:
        """Show each complaint under its field, and focus the first field that has one."""
        first = True
        for field in self.query(Field):
            text = complaints.get(field.name_of_field, "")
            field.complain(text)
            if text and first:
                first = False
                self.query_one(f"#{field.name_of_field}").focus()
        self.advise()

    def advise(self) -> None:
        """Show the hint of the focused field."""
        if not self.HINTS:
            return
        field = self._focused_field()
        hint = field.advice if field is not None else ""
        self.query_one("#form-hint", Static).update(Content(hint))

    def _focused_field(self) -> Field | None:
        if self.focused is None:
            return None
        return next((w for w in self.focused.ancestors_with_self if isinstance(w, Field)), None)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Show the hint of the newly focused field."""
        self.advise()

    def on_option_row_changed(self, event: OptionRow.Changed) -> None:
        """Show the hint of the new choice."""
        self.advise()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Remove the complaint once the user changes the answer."""
        field = self._focused_field()
        if field is not None and event.input.has_focus:
            field.complain("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter moves to the next field; in a form of one field it accepts the answer."""
        if len(self.query(Field)) == 1:
            self.accept()
        else:
            self.action_field(1)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Accept the answers."""
        if event.button.id == "accept":
            self.accept()

    def action_field(self, by: int) -> None:
        """Move the focus to the next field (`by` > 0) or to the one before."""
        if by > 0:
            self.focus_next(_CONTROLS)
        else:
            self.focus_previous(_CONTROLS)

    def action_finish(self) -> None:
        """Accept the answers, as the button does, unless it is disabled."""
        self.query_one("#accept", Button).press()

    def next_line(self) -> bool:
        """Move to the field for the next pasted line; False at the buttons."""
        self.action_field(1)
        return not isinstance(self.focused, Button)

    def action_cancel(self) -> None:
        """Close the form without an answer."""
        self.end(None)


def line_input(id: str, value: str = "", *, placeholder: str = "", secret: bool = False) -> Input:
    """A text field for a form. With `secret`, the text is never shown."""
    if secret:
        field: Input = SecretInput(value, placeholder, id=id)
    else:
        field = Input(value, placeholder, id=id, compact=True)
    field.cursor_blink = False
    return field


def whole_number(text: str, least: int, most: int) -> int | str:
    """The typed number, or a sentence on what is wrong with it."""
    typed = text.strip()
    # int() also accepts underscores, and it and isdecimal() accept digits of every script.
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= 9):
        return f"Type a number from {least} to {most}."
    number = int(typed)
    return number if least <= number <= most else f"From {least} to {most}."
