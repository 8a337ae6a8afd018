"""Private names of ours that Textual uses too: Textual would read our value as its own.

`_running`, for example, tells a message pump whether it may go idle and repaint.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from functools import cache

import pytest
from textual.message_pump import MessagePump

import usenetsync_tui.tui

_PRIVATE = re.compile(r"\bself\.(_\w+)\s*(?::[^=\n]+)?=[^=]|\bdef (_[a-z]\w*)")

_MEANT = {"_fatal_error"}
"""Overridden on purpose: Textual's report of a crash shows local variables (`test_crash`
checks that it still calls ours)."""


def _widgets() -> list[type]:
    found = []
    for module in pkgutil.walk_packages(usenetsync_tui.tui.__path__, "usenetsync_tui.tui."):
        members = vars(importlib.import_module(module.name)).values()
        found += [m for m in members if isinstance(m, type) and m.__module__ == module.name]
    return [cls for cls in found if issubclass(cls, MessagePump)]


@cache
def _private_names(cls: type) -> set[str]:
    found = _PRIVATE.findall(inspect.getsource(cls))
    return {assigned or defined for assigned, defined in found}


def _is_ours(cls: type) -> bool:
    return cls.__module__.startswith("usenetsync_tui")


def test_the_names_are_found() -> None:
    """The test below would find `_running` if it were ours."""
    assert "_running" in _private_names(MessagePump)
    assert len(_widgets()) > 5


@pytest.mark.parametrize("widget", _widgets(), ids=lambda cls: cls.__name__)
def test_no_private_name_is_textuals(widget: type) -> None:
    textuals: set[str] = set()
    for cls in widget.__mro__:
        if cls.__module__.startswith("textual"):
            textuals |= _private_names(cls)
    ours = set().union(*(_private_names(cls) for cls in widget.__mro__ if _is_ours(cls)))
    assert ours & textuals <= _MEANT
