"""A value object is what `dataclass(frozen=True, slots=True)` makes, for every shape of class."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable, Mapping
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

import usenetsync_tui
from usenetsync_tui.model.segments import SegmentStatus
from usenetsync_tui.model.value_object import value_object

Decorator = Callable[[type], Any]
HOUSE = Path(usenetsync_tui.__file__).parent


def _nothing(decorate: Decorator) -> Any:
    @decorate
    class Shape:
        """No field."""

    return Shape


def _plain(decorate: Decorator) -> Any:
    @decorate
    class Shape:
        """Fields with and without a default, and what is no field."""

        CONSTANT: ClassVar[int] = 7
        first: int
        second: str = "two"
        self_: tuple[int, ...] = ()

        @property
        def doubled(self) -> int:
            """Of the first."""
            return 2 * self.first

    return Shape


def _filled(decorate: Decorator) -> Any:
    @decorate
    class Shape:
        """Factories, and fields that are not shown or not compared."""

        first: int
        made: list[int] = field(default_factory=list, compare=False)
        secret: str = field(default="secret", repr=False)

    return Shape


def _checked(decorate: Decorator) -> Any:
    @decorate
    class Shape:
        """Changes a value of its own, and says itself how it is shown."""

        first: int

        def __post_init__(self) -> None:
            object.__setattr__(self, "first", abs(self.first))

        def __repr__(self) -> str:
            return "shown"

    return Shape


def _inherited(decorate: Decorator) -> Any:
    base = _plain(decorate)

    @decorate
    class Shape(base):  # type: ignore[misc,valid-type]
        """One field more."""

        third: float = 0.5

    return Shape


SHAPES = (_nothing, _plain, _filled, _checked, _inherited)
CALLS: tuple[tuple[tuple[object, ...], Mapping[str, object]], ...] = (
    ((), {}),
    ((1,), {}),
    ((-1,), {"second": "zwei"}),
    ((1, "zwei"), {}),
    ((), {"first": 3}),
    ((1, 2, 3, 4, 5), {}),
    ((1,), {"first": 1}),
    ((1,), {"unknown": 1}),
)


def _seen(make: Callable[[], Any]) -> object:
    """What a user of the class can see of an object, or that it cannot be made."""
    try:
        one = make()
    except TypeError:
        return TypeError
    other = make()
    names = [f.name for f in fields(one)]
    try:
        hashes: object = hash(one) == hash(other)
    except TypeError:
        hashes = TypeError
    return (
        repr(one),
        names,
        asdict(one),
        one == other,
        one == object(),
        hashes,
        type(one).__match_args__,
        replace(one) == one,
        copy.copy(one) == one,
        copy.deepcopy(one) == one,
        hasattr(one, "__dict__"),
        getattr(one, "doubled", None),
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_what_the_slow_decorator_makes(shape: Callable[[Decorator], Any]) -> None:
    quick, slow = shape(value_object), shape(dataclass(frozen=True, slots=True))
    made = 0
    for arguments, named in CALLS:
        seen = _seen(lambda: quick(*arguments, **named))  # noqa: B023
        assert seen == _seen(lambda: slow(*arguments, **named))  # noqa: B023
        made += seen is not TypeError
    assert made
    assert [(f.name, f.type) for f in fields(quick)] == [(f.name, f.type) for f in fields(slow)]


@pytest.mark.parametrize("shape", SHAPES[1:])
def test_it_never_changes(shape: Callable[[Decorator], Any]) -> None:
    one = shape(value_object)(1)
    for name in ("first", "unknown"):
        with pytest.raises(FrozenInstanceError, match=name):
            setattr(one, name, 2)
    with pytest.raises(FrozenInstanceError, match="first"):
        del one.first
    assert one.first == 1


@value_object
class Stored:
    """Can be pickled: it has a name."""

    first: int
    status: SegmentStatus = SegmentStatus.POSTED
    more: Mapping[str, int] = field(default_factory=dict)


def test_it_is_stored_and_matched() -> None:
    one = Stored(1, more={"a": 1})
    assert pickle.loads(pickle.dumps(one)) == one
    match one:
        case Stored(first, status=SegmentStatus.POSTED):
            assert first == 1
        case _:
            pytest.fail("it does not match")
    assert Stored(1) != Stored(2) and Stored(1).more is not Stored(1).more


@pytest.mark.parametrize("room", ["model", "tui", "cli", "settings", "engine", "postgres", "codec"])
def test_no_class_of_these_rooms_is_declared_the_slow_way(room: str) -> None:
    """Each costs half a millisecond of every start."""
    slow = re.compile(r"^ *@dataclass\(frozen=True, slots=True\)$", re.MULTILINE)
    modules = (HOUSE / room).rglob("*.py")
    assert [m.name for m in modules if slow.search(m.read_text(encoding="utf-8"))] == []
