"""Forms over the screen: labelled rows, a hint for the field at hand, complaints under fields.

Every dialog that asks for more than one answer is one. It knows fields and the ways between
them; what is asked, and what a right answer is, a form says itself.

Enter goes on to the next field and presses the button at the end, so defaults are passed by
pressing enter; tab and the arrow keys move, escape leaves.
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
"""What is wrong, in a sentence, by the id of the field."""

_CONTROLS = "Input, OptionRow, Button"
"""Where tab stops."""


class Field(Vertical):
    """A label, a control, and below it what is wrong with the answer."""

    def __init__(self, label: str, control: Widget, *, hint: str = "", more: bool = False) -> None:
        """The control's id names the field. `more` marks one of those shown on demand."""
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
        """What is chosen from the beginning may be dangerous already."""
        self.complain("")

    def complain(self, text: str) -> None:
        """Say what is wrong; when empty, what is dangerous, if anything is."""
        self.complaint = text
        warning = self._control.value_warning if isinstance(self._control, OptionRow) else ""
        said = text or warning
        note = self.query_one(".field-complaint", Static)
        note.update(Content(f"! {said}" if said else ""))
        note.display = bool(said)

    def on_option_row_changed(self) -> None:
        """Another choice: nothing to complain about, perhaps something to warn of."""
        self.complain("")

    @property
    def advice(self) -> str:
        """The hint for the answer as it stands."""
        hint = self._control.at.hint if isinstance(self._control, OptionRow) else ""
        return hint or self.hint


class Form(ModalScreen[T]):
    """A frame of fields. Dismissed with what it is asked for, or with None on escape."""

    AUTO_FOCUS = _CONTROLS
    BINDING_GROUP_TITLE = "Form"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "back", id="form.back"),
        Binding("tab,down", "field(1)", "next field", id="form.next"),
        Binding("shift+tab,up", "field(-1)", "field before", show=False, id="form.previous"),
        Binding("enter", "field(1)", "next field", show=False, id="form.enter"),
    ]
    ACTION = "Save"
    """What the button says."""
    HINTS = True
    """Whether there are two lines for hints."""

    def __init__(self, heading: str) -> None:
        """`heading` is shown as it is: make names in it safe first."""
        super().__init__()
        self._heading = heading

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="form", can_focus=False) as frame:
            frame.border_title = Content(self._heading)
            frame.border_subtitle = Content("enter or tab next · esc back")
            yield from self.fields()
            if self.HINTS:
                yield Static("", markup=False, id="form-hint")
            with Horizontal(id="form-buttons"):
                yield from self.buttons()
            yield from self.after()

    def fields(self) -> ComposeResult:
        """The fields, in their order."""
        raise NotImplementedError

    def buttons(self) -> ComposeResult:
        """The buttons; the one named ``accept`` ends the form."""
        yield Button(self.ACTION, id="accept", compact=True)

    def after(self) -> ComposeResult:
        """What stands below the buttons."""
        yield from ()

    def accept(self) -> None:
        """Judge the answers: dismiss, or complain."""
        raise NotImplementedError

    def end(self, result: T | None) -> None:
        """Go, once: a second enter may be on its way."""
        if self.is_current:
            self.dismiss(result)

    def text(self, name: str) -> str:
        """What is typed into a field."""
        return self.query_one(f"#{name}", Input).value

    def secret(self, name: str) -> Secret:
        """What is typed into a line for a password."""
        return Secret(self.query_one(f"#{name}", SecretInput).value)

    def choice(self, name: str) -> str:
        """What is chosen in a row of options."""
        return self.query_one(f"#{name}", Options).value

    def ticked(self, name: str) -> frozenset[str]:
        """What is ticked in a row."""
        return self.query_one(f"#{name}", Ticks).values

    def complain(self, complaints: Complaints) -> None:
        """Say what is wrong under each field, and go to the first of them."""
        first = True
        for field in self.query(Field):
            text = complaints.get(field.name_of_field, "")
            field.complain(text)
            if text and first:
                first = False
                self.query_one(f"#{field.name_of_field}").focus()
        self.advise()

    def advise(self) -> None:
        """Show the hint of the field at hand."""
        if not self.HINTS:
            return
        field = self._field_at_hand()
        hint = field.advice if field is not None else ""
        self.query_one("#form-hint", Static).update(Content(hint))

    def _field_at_hand(self) -> Field | None:
        if self.focused is None:
            return None
        return next((w for w in self.focused.ancestors_with_self if isinstance(w, Field)), None)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Another field, another hint."""
        self.advise()

    def on_option_row_changed(self, event: OptionRow.Changed) -> None:
        """Another choice, another hint."""
        self.advise()

    def on_input_changed(self, event: Input.Changed) -> None:
        """What is typed over is complained about no more."""
        field = self._field_at_hand()
        if field is not None and event.input.has_focus:
            field.complain("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: the next field; where there is but one, the end."""
        if len(self.query(Field)) == 1:
            self.accept()
        else:
            self.action_field(1)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """The last enter."""
        if event.button.id == "accept":
            self.accept()

    def action_field(self, by: int) -> None:
        """Go to another field."""
        if by > 0:
            self.focus_next(_CONTROLS)
        else:
            self.focus_previous(_CONTROLS)

    def action_cancel(self) -> None:
        """Go back without an answer."""
        self.end(None)


def line_input(id: str, value: str = "", *, placeholder: str = "", secret: bool = False) -> Input:
    """A line to type into, as forms have it. What is `secret` is never shown."""
    if secret:
        field: Input = SecretInput(value, placeholder, id=id)
    else:
        field = Input(value, placeholder, id=id, compact=True)
    field.cursor_blink = False
    return field


def whole_number(text: str, least: int, most: int) -> int | str:
    """The number that is typed, or what is wrong with it."""
    typed = text.strip()
    # isdecimal() knows digits of all scripts; int() would take them, and underscores, too.
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= 9):
        return f"Type a number from {least} to {most}."
    number = int(typed)
    return number if least <= number <= most else f"From {least} to {most}."
