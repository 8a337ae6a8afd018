"""Dialogs and forms: they ask the user, check the answers, and return one frozen value.

Knows fields, choices and what is wrong with an answer. Refuses to know what happens with the value.
"""
