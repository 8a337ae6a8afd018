"""A case: the sides of a contest, the rows of the table it fills, and how it is run.

In each round every side runs once, one after the other: a ratio is of two sides of one round, and
a row's figure is the median of the rounds. Sides of one stage change their order from round to
round; stages follow each other (a folder is uploaded before it is uploaded again).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from .measuring import Run
from .tools import Tool

PEAK = 250e6
"""Bytes of memory that the process may take at most, in any case that is an upload or the like."""

Round = Mapping[str, Run]
"""What each side took in one round, by its name."""


@dataclass(frozen=True, slots=True)
class Side:
    """One contestant. `tool` is what it needs on PATH; None: it is ours."""

    name: str
    run: Callable[[], Run]
    tool: Tool | None = None


Stages = Sequence[Sequence[Side]]


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure has to reach; neither bound: it is only reported."""

    at_least: float | None = None
    at_most: float | None = None

    def __str__(self) -> str:
        bounds = (("≥", self.at_least), ("≤", self.at_most))
        return ", ".join(f"{sign} {figure(bound)}" for sign, bound in bounds if bound is not None)

    def met(self, value: float) -> bool | None:
        """None when there is nothing to reach."""
        if self.at_least is None and self.at_most is None:
            return None
        low = self.at_least is None or value >= self.at_least
        return low and (self.at_most is None or value <= self.at_most)


NONE = Goal()


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: one figure of each round, made from some of its sides."""

    title: str
    sides: tuple[str, ...]
    of: Callable[[Round], float]
    unit: str = "×"
    goal: Goal = NONE
    beside: str = ""
    """What it is compared with, for the reader."""


def faster(ours: str, theirs: str, goal: Goal = NONE) -> Row:
    """Speed of one side in units of another's, on the same work."""
    title = f"{ours}: speed"
    return Row(
        title, (ours, theirs), lambda r: r[theirs].wall / r[ours].wall, goal=goal, beside=theirs
    )


def longer(ours: str, theirs: str, goal: Goal = NONE) -> Row:
    """Wall time of one side in units of another's."""
    title = f"{ours}: time"
    return Row(
        title, (ours, theirs), lambda r: r[ours].wall / r[theirs].wall, goal=goal, beside=theirs
    )


def memory(*sides: str, goal: Goal = Goal(at_most=PEAK / 1e6)) -> Row:
    """The largest of what some sides had resident at their peak, in 10^6 bytes."""
    return Row(
        "peak memory of the process",
        sides,
        lambda r: max(r[side].memory for side in sides) / 1e6,
        "MB",
        goal,
    )


@dataclass(frozen=True, slots=True)
class Scene:
    """What a case gets to set itself up with. `amount` is what it is about, scaled."""

    scratch: Path
    amount: int
    scale: float

    def scaled(self, count: float, least: int = 1) -> int:
        """Another amount, scaled the same way."""
        return max(least, int(count * self.scale))


@dataclass(frozen=True, slots=True)
class Case:
    """`ground` sets up the files, servers and databases, and removes them after the block."""

    name: str
    measures: str
    amount: float
    unit: str
    ground: Callable[[Scene], AbstractContextManager[Stages]]
    rows: tuple[Row, ...] = ()
    peers: tuple[Tool, ...] = ()
    """Without one of these its side is left out, with a reason."""
    needs: tuple[Tool, ...] = ()
    """Without one of these the case is left out, with a reason."""
    least: int = 1
    """The amount below which the case makes no sense, whatever the scale."""
    goals: Mapping[str, Goal] = field(default_factory=dict)
    """Goals of figures in `Run.more`; those that no row uses become rows of their own."""
    more: bool = False
    """Whether `Run.more` holds figures for the table."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row as it was measured; without values there is a reason."""

    row: Row
    values: tuple[float, ...]
    reason: str = ""

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return median(self.values)


@dataclass(slots=True)
class Outcome:
    """What came of a case; `skipped` has the reason when it was not run."""

    case: Case
    amount: int
    skipped: str = ""
    failed: bool = False
    """Whether the reason is a failure."""
    absent: dict[str, str] = field(default_factory=dict)
    """Why sides are missing, by the name of the side."""
    rounds: list[dict[str, Run]] = field(default_factory=list)

    def lines(self) -> list[Line]:
        """Each row, and each further figure that the runs brought."""
        if self.skipped:
            return [Line(row, (), self.skipped) for row in self.case.rows]
        return [self._line(row) for row in (*self.case.rows, *self._further())]

    def _line(self, row: Row) -> Line:
        for side in row.sides:
            if side in self.absent:
                return Line(row, (), self.absent[side])
        return Line(row, tuple(row.of(each) for each in self.rounds))

    def _further(self) -> list[Row]:
        if not self.case.more:
            return []
        found: dict[tuple[str, str], None] = {}
        for each in self.rounds:
            for side, run in each.items():
                found |= dict.fromkeys((side, key) for key in run.more)
        return [_further(side, key, self.case.goals.get(key, NONE)) for side, key in found]


def _further(side: str, key: str, goal: Goal) -> Row:
    """`key` is a title, then its unit in brackets."""
    title, _, unit = key.removesuffix("]").partition(" [")
    return Row(title, (side,), lambda r: r[side].more[key], unit, goal)


def compete(case: Case, scratch: Path, *, rounds: int, scale: float) -> Outcome:
    """Run a case, saying on standard output what each side took."""
    amount = max(case.least, int(case.amount * scale))
    missing = [reason for tool in case.needs if (reason := tool.missing())]
    outcome = Outcome(case, amount, "; ".join(missing))
    if missing:
        print(f"  skipped: {outcome.skipped}", flush=True)
        return outcome
    with case.ground(Scene(scratch, amount, scale)) as stages:
        _leave_out(stages, outcome)
        for number in range(rounds):
            outcome.rounds.append({})
            for stage in stages:
                # The side that goes first goes last in the next round.
                for side in stage if number % 2 == 0 else reversed(stage):
                    if side.name not in outcome.absent:
                        outcome.rounds[-1][side.name] = run = side.run()
                        print(f"  round {number + 1}: {side.name:32}{run.wall:9.2f} s", flush=True)
    return outcome


def _leave_out(stages: Stages, outcome: Outcome) -> None:
    for side in (each for stage in stages for each in stage):
        if side.tool is not None and (reason := side.tool.missing()):
            outcome.absent[side.name] = reason
            print(f"  {side.name} skipped: {reason}", flush=True)


def figure(value: float) -> str:
    """A number in as many digits as one reads."""
    if value == int(value) and abs(value) < 1e6:
        return f"{value:,.0f}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
