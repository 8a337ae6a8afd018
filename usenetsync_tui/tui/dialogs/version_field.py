"""The field that chooses a version: left and right go through them, digits name one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from usenetsync_tui.model.folders import Snapshot
from usenetsync_tui.tui.kit.form import Field
from usenetsync_tui.tui.kit.version_words import version_typed, version_words


class VersionInput(Input):
    """The input for the number of a version."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,pagedown", "turn(1)", "older", id="version.older"),
        Binding("left,pageup", "turn(-1)", "newer", id="version.newer"),
    ]

    def __init__(self, versions: Sequence[Snapshot], chosen: int | None, *, id: str) -> None:
        first = versions[0].version if versions else ""
        super().__init__(str(chosen or first), restrict="[0-9]*", id=id, compact=True)
        self.cursor_blink = False
        self._versions = versions

    def offer(self, versions: Sequence[Snapshot]) -> None:
        """Go through these from now on, newest first."""
        self._versions = versions
        if versions and not self.value:
            self.value = str(versions[0].version)

    def action_turn(self, by: int) -> None:
        """Go to an older version (positive `by`) or a newer one."""
        found = version_typed(self.value, self._versions)
        at = self._versions.index(found) + by if isinstance(found, Snapshot) else 0
        if self._versions:
            snapshot = self._versions[min(len(self._versions) - 1, max(0, at))]
            self.value = str(snapshot.version)
            self.cursor_position = len(self.value)


class VersionField(Field):
    """The number of a version, and below it its date and size."""

    def __init__(
        self, versions: Sequence[Snapshot], chosen: int | None = None, *, unknown: str = ""
    ) -> None:
        """`versions`: finished ones, newest first. `chosen`: the initial one; None: the newest.

        `unknown`: what stands below the field while no versions are known.
        """
        self._input = VersionInput(versions, chosen, id="version")
        super().__init__("Version", self._input, hint="← newer, → older, or type a number.")
        self._versions = versions
        self._unknown = unknown

    def offer(self, versions: Sequence[Snapshot]) -> None:
        """These are the versions from now on, newest first."""
        self._versions = versions
        self._input.offer(versions)
        self._describe()

    def compose(self) -> ComposeResult:
        yield from super().compose()
        yield Static("", markup=False, classes="field-note")

    @property
    def is_known(self) -> bool:
        """Whether versions are known."""
        return bool(self._versions)

    @property
    def version(self) -> Snapshot | str:
        """The typed version, or a sentence on why there is none."""
        return version_typed(self._input.value, self._versions)

    def on_mount(self) -> None:
        self._describe()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Describe the typed version."""
        self._describe()

    def _describe(self) -> None:
        found = self.version
        words = found if isinstance(found, str) else version_words(found)
        if self._unknown and not self._versions:
            words = self._unknown
        self.query_one(".field-note", Static).update(Content(words))
