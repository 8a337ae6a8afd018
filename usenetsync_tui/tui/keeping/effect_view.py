"""The view below a form that shows what its answers would do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from usenetsync_tui.cells import cut
from usenetsync_tui.model.status.engine import EngineStatus
from usenetsync_tui.tui.kit.inks import Ink, Line
from usenetsync_tui.tui.kit.lines_view import LinesView

LinesOf = Callable[[int], Sequence[Line]]
"""The lines for a width."""


class EffectView(LinesView):
    """Lines that the form makes; it redraws them when the form calls `tell`."""

    def __init__(self) -> None:
        super().__init__(self._composed, id="effect")
        self._told: LinesOf = lambda width: ()

    def tell(self, lines: LinesOf) -> None:
        """Show these lines from now on."""
        self._told = lines
        self.recompose_lines()

    def say(self, words: str, ink: Ink = "muted") -> None:
        """Show one sentence, safe to print."""
        self.tell(lambda width: [((cut(words, width), ink),)])

    def _composed(self, status: EngineStatus, width: int, height: int) -> Sequence[Line]:
        return self._told(width)
