"""Dialogs and forms: they ask, judge what was typed, and hand back one frozen value."""
