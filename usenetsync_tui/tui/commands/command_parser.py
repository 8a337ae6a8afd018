"""The parser of the `:` line: text in, a frozen value of `parsed_commands` or an error out.

Knows the commands and the names that the caller passes. Refuses to know widgets and the disk.
"""

from __future__ import annotations

from usenetsync_tui.tui.commands.command_specs import COMMAND_SPECS
from usenetsync_tui.tui.commands.parsed_commands import CommandError, KnownNames, ParsedCommand
from usenetsync_tui.tui.commands.typed_arguments import shown


def parse(line: str, known: KnownNames) -> ParsedCommand:
    """Parse a line, with or without its colon. Raises only `CommandError`."""
    text = line.strip().removeprefix(":").strip()
    name, _, rest = text.partition(" ")
    if not name:
        raise CommandError("Type a command; tab completes.")
    spec = COMMAND_SPECS.get(name)
    if spec is None:
        near = [other for other in offered(known) if other.startswith(name)]
        near = near or [other for other in COMMAND_SPECS if other.startswith(name)]
        if len(near) != 1:
            hint = f" Did you mean {', '.join(near[:5])}?" if near else " :help lists them."
            raise CommandError(f"There is no command {shown(name)}.{hint}")
        spec = COMMAND_SPECS[near[0]]
    return spec.read(rest.strip(), known)


def offered(known: KnownNames) -> tuple[str, ...]:
    """The names of the commands that work where the line is typed."""
    return tuple(name for name in COMMAND_SPECS if name not in known.refusals)


def completions(line: str, known: KnownNames) -> tuple[str, ...]:
    """Complete lines that begin with this one: the command's name, then its first argument."""
    name, space, rest = line.partition(" ")
    if not space:
        return tuple(
            other + (" " if COMMAND_SPECS[other].arguments else "")
            for other in offered(known)
            if other.startswith(name)
        )
    spec = COMMAND_SPECS.get(name)
    if spec is None or name in known.refusals:
        return ()
    return tuple(f"{name} {other}" for other in spec.names(known) if other.startswith(rest))


def path_begin(line: str) -> int | None:
    """The index in `line` where its path begins, after an option if there is one; None: no path."""
    name, space, rest = line.partition(" ")
    spec = COMMAND_SPECS.get(name)
    if spec is None or not spec.takes_path or not space:
        return None
    option, gap, _ = rest.partition(" ")
    if not option.startswith("--"):
        return len(name + space)
    return len(name + space + option + gap) if gap else None
