"""The decorator of value objects: frozen dataclasses with slots that are cheap to declare.

`dataclass(frozen=True, slots=True)` writes and compiles seven functions for each class, 0.5 ms: a
tenth of a second for two hundred classes, at every start of the program. `value_object` needs a
tenth of that: its functions are shared, and a class's `__init__` is compiled when the first object
of it is made. For everything else (`fields`, `replace`, `match`, type checkers) the class is a
dataclass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from types import FunctionType
from typing import Any, TypeVar, cast, dataclass_transform

_T = TypeVar("_T")
_set = object.__setattr__


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value_object(declared: type[_T]) -> type[_T]:
    """Make the class a dataclass with slots whose objects are equal by value and never change.

    What `dataclass(frozen=True, slots=True)` makes, except that `field` may have neither
    `init=False` nor `kw_only=True`. An assignment raises `dataclasses.FrozenInstanceError`.
    """
    made = dataclass(init=False, repr=False, eq=False, slots=True)(declared)
    every = fields(made)  # type: ignore[arg-type]
    key = _key([f.name for f in every if f.compare])
    shown = [f.name for f in every if f.repr]
    names = tuple(f.name for f in every)

    def __init__(self: _T, *arguments: object, **named: object) -> None:
        """Write the real one, then call it: most classes are declared in vain."""
        written = _initializer(made, every)
        cast(Any, made).__init__ = written
        written(self, *arguments, **named)

    def __eq__(self: _T, other: object) -> bool:
        return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: _T) -> int:
        return hash(key(self))

    def __repr__(self: _T) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{self.__class__.__qualname__}({values})"

    def __getstate__(self: _T) -> list[object]:
        return [getattr(self, name) for name in names]

    def __setstate__(self: _T, state: Sequence[object]) -> None:
        for name, one in zip(names, state, strict=True):
            _set(self, name, one)

    common = (__init__, __eq__, __hash__, __repr__, __getstate__, __setstate__)
    for function in (*common, __setattr__, __delattr__):
        if function.__name__ not in declared.__dict__:
            setattr(made, function.__name__, function)
    return made


def __setattr__(self: object, name: str, _: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def __delattr__(self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _key(names: Sequence[str]) -> Callable[[object], object]:
    """A function that returns what two objects are compared by."""
    return attrgetter(*names) if names else lambda _: ()


def _initializer(made: type, every: Sequence[Field[Any]]) -> FunctionType:
    """The class's `__init__`."""
    known: dict[str, object] = {"_set": _set, "_missing": MISSING}
    parameters, body = ["self"], ["pass"]
    for number, each in enumerate(every):
        name = each.name
        given = name
        if each.default is not MISSING:
            known[f"_default{number}"] = each.default
            parameters.append(f"{name}=_default{number}")
        elif each.default_factory is not MISSING:
            known[f"_factory{number}"] = each.default_factory
            parameters.append(f"{name}=_missing")
            given = f"_factory{number}() if {name} is _missing else {name}"
        else:
            parameters.append(name)
        body.append(f"_set(self, {name!r}, {given})")
    if hasattr(made, "__post_init__"):
        body.append("self.__post_init__()")
    lines = "\n ".join(body)
    exec(f"def __init__({', '.join(parameters)}):\n {lines}", known)
    written = known["__init__"]
    assert isinstance(written, FunctionType)
    written.__qualname__ = f"{made.__qualname__}.__init__"
    return written
