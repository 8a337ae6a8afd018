"""A text that does not show by accident."""

from __future__ import annotations

from typing import SupportsIndex

_MASK = "'***'"


class Secret(str):
    """A password. To the code that sends it it is a text; its repr, and that of its parts, is not.

    So it shows neither in the repr of what holds it, nor in a traceback with locals, nor where an
    object is logged.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return _MASK if self else "''"

    def __getitem__(self, key: SupportsIndex | slice) -> Secret:
        return Secret(super().__getitem__(key))
