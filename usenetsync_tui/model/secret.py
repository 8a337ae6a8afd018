"""A string that is not shown by accident."""

from __future__ import annotations

from typing import SupportsIndex

_MASK = "'***'"


class Secret(str):
    """A password: an ordinary string, but its repr and the repr of its slices are masked.

    So it does not appear in the repr of an object that holds it, in a traceback with locals, or
    where an object is logged.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return _MASK if self else "''"

    def __getitem__(self, key: SupportsIndex | slice) -> Secret:
        return Secret(super().__getitem__(key))
