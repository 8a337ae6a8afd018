"""The outcome of a run as text for the terminal, as Markdown for the README, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from .contest import Line, Outcome, figure

BEGIN, END = "<!-- benchmarks -->", "<!-- end of the benchmarks -->"


@dataclass(frozen=True, slots=True)
class Report:
    """All of a run. `date` is that of its end."""

    outcomes: Sequence[Outcome]
    date: str
    rounds: int
    scale: float
    machine: Mapping[str, str]
    versions: Mapping[str, str]

    @property
    def about(self) -> str:
        """Where and how it was measured, in a sentence."""
        m = self.machine
        where = f"{m['processor']}, {m['cores']} cores, {m['memory']}, {m['kernel']}"
        peers = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        small = f", at {self.scale:g} of the full amounts" if self.scale != 1 else ""
        rounds = "one round" if self.rounds == 1 else f"medians of {self.rounds} rounds"
        beside = f"; {peers}" if peers else ""
        return f"{self.date}; {where}; Python {m['python']}{beside}; {rounds}{small}"


def as_text(report: Report) -> str:
    """A line for each row, below it what each side took."""
    parts = [report.about]
    for outcome in report.outcomes:
        case = outcome.case
        parts += ["", f"{case.name}: {case.measures} ({amount(outcome)})"]
        if outcome.skipped:
            verb = "failed" if outcome.failed else "skipped"
            parts.append(f"  {verb}: {outcome.skipped.splitlines()[0]}")
            continue
        parts.append(f"  {'':44}{'median':>10}{'min–max':>18}  {'':14}{'beside':24}{'target':12}")
        parts += [f"  {_text(line)}" for line in outcome.lines()]
        parts += _sides(outcome)
    return "\n".join(parts)


def _text(line: Line) -> str:
    row = line.row
    if not line.values:
        return f"{row.title:44}{'skipped: ' + line.reason}"
    span = f"{figure(min(line.values))}–{figure(max(line.values))}"
    goal = f"{row.goal} {_verdict(line)}".strip()
    words = f"{row.title:44}{figure(line.value):>10}{span:>18}  {row.unit:24}{row.beside:32}{goal}"
    return words.rstrip()


def _verdict(line: Line) -> str:
    return {True: "met", False: "MISSED", None: ""}[line.row.goal.met(line.value)]


def _sides(outcome: Outcome) -> list[str]:
    """What each took by itself, of the database what is not in the process."""
    titles = f"  {'':44}{'wall s':>10}{'CPU s':>10}{'peak MB':>10}{'postgres s':>12}{'MB':>8}"
    found = [titles]
    for side in outcome.rounds[0] if outcome.rounds else ():
        runs = [each[side] for each in outcome.rounds]
        cpu = [run.database_cpu for run in runs if run.database_cpu is not None]
        resident = [run.database for run in runs if run.database is not None]
        words = (
            f"  {side:44}{median(run.wall for run in runs):10.2f}"
            f"{median(run.cpu for run in runs):10.2f}{max(run.memory for run in runs) / 1e6:10.0f}"
        )
        database = f"{median(cpu):12.2f}" if cpu else ""
        found.append(words + database + (f"{max(resident) / 1e6:8.0f}" if resident else ""))
    return found


def amount(outcome: Outcome) -> str:
    """What it was about, in words."""
    count, unit = outcome.amount, outcome.case.unit
    if unit != "bytes":
        return f"{count:,} {unit}"
    for size, name in ((10**9, "GB"), (10**6, "MB")):
        if count >= size:
            return f"{count / size:.3g} {name}"
    return f"{count:,} bytes"


def as_markdown(report: Report) -> str:
    """The README's table; of what has neither a row of its own nor a target, see the JSON."""
    head = ["Case", "Measured", "Median", "Beside", "Target"]
    rows = [head, ["---"] * len(head)]
    for outcome in report.outcomes:
        name = f"`{outcome.case.name}`, {amount(outcome)}"
        for line in outcome.lines():
            if line.row not in outcome.case.rows and not str(line.row.goal):
                continue
            rows.append([name, line.row.title, _measured(line), line.row.beside, _goal(line)])
            name = ""
    lines = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join([f"{report.about}.", "", *lines])


def _measured(line: Line) -> str:
    if line.values:
        return f"{figure(line.value)} {line.row.unit}".strip()
    return f"not measured: {line.reason.splitlines()[0]}"


def _goal(line: Line) -> str:
    verdict = _verdict(line) if line.values else ""
    return f"{line.row.goal} ({verdict})" if verdict else str(line.row.goal)


def write_readme(report: Report, readme: Path) -> None:
    """Replace what stands between the two marks; ValueError when they are not there."""
    before, after = around(readme)
    readme.write_text(f"{before}{BEGIN}\n{as_markdown(report)}\n{END}{after}", "utf-8")


def around(readme: Path) -> tuple[str, str]:
    """The text before the first mark, and after the second."""
    before, begin, rest = readme.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{readme} has no lines {BEGIN} and {END} to put the table between")
    return before, after


def as_json(report: Report) -> dict[str, object]:
    """Everything: rows with the figure of each round, and each run (seconds and bytes)."""
    return {
        "date": report.date,
        "rounds": report.rounds,
        "scale": report.scale,
        "machine": dict(report.machine),
        "versions": dict(report.versions),
        "cases": [_json(outcome) for outcome in report.outcomes],
    }


def _json(outcome: Outcome) -> dict[str, object]:
    case = outcome.case
    return {
        "name": case.name,
        "measures": case.measures,
        "amount": outcome.amount,
        "unit": case.unit,
        "skipped": outcome.skipped or None,
        "failed": outcome.failed,
        "absent": outcome.absent,
        "rows": list(_json_rows(outcome.lines())),
        "rounds": [{side: asdict(run) for side, run in each.items()} for each in outcome.rounds],
    }


def _json_rows(lines: Iterable[Line]) -> Iterable[dict[str, object]]:
    for line in lines:
        goal = line.row.goal
        yield {
            "title": line.row.title,
            "unit": line.row.unit,
            "beside": line.row.beside,
            "values": line.values,
            "median": line.value if line.values else None,
            "at_least": goal.at_least,
            "at_most": goal.at_most,
            "met": goal.met(line.value) if line.values else None,
            "skipped": line.reason or None,
        }
