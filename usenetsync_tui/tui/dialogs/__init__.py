"""Dialogs and forms: they ask, judge what was typed, and hand back one frozen value.

Knows fields, choices and what is wrong with an answer. Refuses to know what is done with it.
"""
