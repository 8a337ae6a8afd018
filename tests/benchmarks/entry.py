"""The command line: which cases, how often, how large, and where the figures go."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from . import machine, table
from .cases import CASES
from .contest import Case, Outcome, compete
from .measuring import REPOSITORY

README = REPOSITORY / "README.md"


def parser() -> argparse.ArgumentParser:
    """The options."""
    words = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Measure the program beside its peers, pair by pair; without NAME everything.",
    )
    words.add_argument("names", nargs="*", metavar="NAME", help="cases (--list)")
    words.add_argument("--list", action="store_true", help="name the cases and their rows, and end")
    words.add_argument("--rounds", type=_count, default=3, metavar="N", help="default: 3")
    words.add_argument(
        "--scale", type=_share, default=1.0, metavar="X", help="share of the full amounts"
    )
    words.add_argument("--json", type=Path, metavar="FILE", help="write every figure here")
    words.add_argument("--readme", action="store_true", help="rewrite the README's table")
    words.add_argument(
        "--scratch", type=Path, metavar="DIR", help="folder for files, catalogues, repositories"
    )
    return words


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of rounds: 1 or more")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is no share: above 0, 1 is the full amount")
    return share


def main(words: list[str] | None = None) -> int:
    """Run what is asked for; the exit code."""
    options = parser()
    args = options.parse_args(words)
    if unknown := [name for name in args.names if name not in CASES]:
        options.error(f"no case is called {', '.join(unknown)}; --list names them")
    cases = [CASES[name] for name in dict.fromkeys(args.names)] or list(CASES.values())
    if args.list:
        print("\n".join(map(listed, cases)))
        return 0
    try:  # what cannot be written is better known before than after some hours
        if args.json:
            args.json.touch()
        if args.readme:
            table.around(README)
    except (OSError, ValueError) as error:
        options.error(str(error))
    signal.signal(signal.SIGTERM, _end)
    outcomes: list[Outcome] = []
    for case in cases:
        outcomes.append(_run(case, args))
        report = _report(outcomes, args)
        if args.json:  # after each, so that an end before the end loses nothing
            args.json.write_text(json.dumps(table.as_json(report), indent=2) + "\n", "utf-8")
    print(f"\n{table.as_text(report)}")
    if args.readme:
        table.write_readme(report, README)
    return int(any(outcome.failed for outcome in outcomes))


def _report(outcomes: list[Outcome], args: argparse.Namespace) -> table.Report:
    tools = [tool for each in outcomes for tool in (*each.case.peers, *each.case.needs)]
    return table.Report(
        tuple(outcomes),
        time.strftime("%Y-%m-%d"),
        args.rounds,
        args.scale,
        machine.description(),
        machine.versions(tools),
    )


def listed(case: Case) -> str:
    """A case in words: what it measures, and its rows with their targets."""
    amount = table.amount(Outcome(case, int(case.amount)))
    lines = [f"{case.name:20}{case.measures} ({amount})"]
    for row in case.rows:
        beside = f" beside {row.beside}" if row.beside else ""
        goal = f": {row.goal} {row.unit}" if str(row.goal) else ""
        lines.append(f"    {row.title}{beside}{goal}")
    lines += [f"    {title}: {goal}" for title, goal in case.goals.items()]
    return "\n".join(lines)


def _run(case: Case, args: argparse.Namespace) -> Outcome:
    print(f"{case.name}: {case.measures}", flush=True)
    scratch = Path(tempfile.mkdtemp(prefix="usenetsync-bench-", dir=args.scratch))
    scratch.chmod(0o711)  # as root the database is another user's process
    try:
        return compete(case, scratch, rounds=args.rounds, scale=args.scale)
    except RuntimeError as error:  # one case that fails does not cost the figures of the others
        print(f"  failed: {error}", flush=True)
        return Outcome(case, int(case.amount * args.scale), str(error), failed=True)
    finally:
        shutil.rmtree(scratch)


def _end(number: int, frame: object) -> None:
    """What runs is ended on the way out, once."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)
