"""Which screen answers a question about versions."""

from __future__ import annotations

from usenetsync_tui.tui.actions.context import CostsOf, FindIn, PastOf, Question
from usenetsync_tui.tui.screens.costs_screen import CostsScreen
from usenetsync_tui.tui.screens.deeper_screen import DeeperScreen
from usenetsync_tui.tui.screens.find_screen import FindScreen
from usenetsync_tui.tui.screens.past_screen import PastScreen


def answering(question: Question) -> DeeperScreen:
    """The screen of a question."""
    match question:
        case FindIn(browser, words):
            return FindScreen(browser, words)
        case PastOf(browser, folder, path):
            return PastScreen(browser, folder, path)
        case CostsOf(browser, folder):
            return CostsScreen(browser, folder)
