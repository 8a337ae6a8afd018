"""Wrong words before a verb: unknown verbs, and options of a verb that are typed before it.

Knows a group of verbs, their options, and the words after the group's name. Refuses to know what
the options do. For a shell, an option before the verb is an option of the program, and click finds
the nearest of those few: for ``--json``, ``--version``.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

import click

from usenetsync_tui.cli.program import program
from usenetsync_tui.model.text.nearest import did_you_mean
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object


@value_object
class _Line:
    """The words after a group's name."""

    before: list[str]
    """Options before the last verb, with their values."""
    verbs: list[str]
    command: click.Command
    """The last verb, or the group if there is none."""
    rest: list[str]
    """What is not read: the verb's own words, or a word that is no verb."""

    @property
    def has_verb(self) -> bool:
        return bool(self.verbs) and not isinstance(self.command, click.Group)


def correction(ctx: click.Context, group: click.Group, words: Sequence[str], option: str) -> str:
    """The sentence about `option`, which is not for `group`."""
    line = _read(ctx, group, words)
    if line.rest and isinstance(line.command, click.Group):
        return no_such_verb(ctx, line.command, line.rest[0])
    owners = [path for path, verb in _verbs(ctx, group) if option in _options(verb)]
    shown = f'"{safe_name(option)}"'
    if line.verbs and option in _options(line.command):
        return f"{shown} belongs behind the verb. Type: {_typed(ctx, line.verbs, line)}"
    if not owners:
        known = _options(line.command) if line.has_verb else _below(ctx, group)
        return f"There is no option {shown}.{did_you_mean(option, known)}"
    if line.has_verb:
        return f"{' '.join(line.verbs)} has no option {shown}. It belongs to {', '.join(owners)}."
    typed = _typed(ctx, [*line.verbs, "VERB"], line)
    return f"{shown} belongs behind a verb. Type: {typed}, where VERB is {_one_of(owners)}"


def no_such_verb(ctx: click.Context, group: click.Group, word: str) -> str:
    """The sentence about a word that is no verb of `group`."""
    near = did_you_mean(word, group.list_commands(ctx))
    return f'There is no verb "{safe_name(word)}".{near}'


def hidden(ctx: click.Context, group: click.Group, words: Sequence[str]) -> str | None:
    """An option before the verb that the group has too, but that has a value only for the verb.

    ``usenetsync --version 2 restore …`` would print the program's version, restore nothing, and
    end with exit code 0.
    """
    line = _read(ctx, group, words)
    theirs = _options(line.command) if line.has_verb else _below(ctx, group)
    for word in line.before:
        name, has_value, _ = word.partition("=")
        if name in _options(group) and name in theirs and not theirs[name].is_flag:
            if line.has_verb or has_value:
                return name
    return None


def _read(ctx: click.Context, group: click.Group, words: Sequence[str]) -> _Line:
    before: list[str] = []
    verbs: list[str] = []
    command: click.Command = group
    options = _below(ctx, group)
    rest = list(words)
    while rest and isinstance(command, click.Group):
        word = rest[0]
        if word.startswith("-") and word not in ("-", "--"):
            has_value = word in options and not options[word].is_flag
            before += rest[: 1 + has_value]
            rest = rest[1 + has_value :]
            continue
        found = command.get_command(ctx, word)
        if found is None:
            break
        verbs.append(word)
        command, rest = found, rest[1:]
    return _Line(before, verbs, command, rest)


def _typed(ctx: click.Context, verbs: Sequence[str], line: _Line) -> str:
    """The command with the options behind its verb."""
    groups: list[str] = []
    while ctx.parent is not None:
        groups.insert(0, ctx.info_name or "")
        ctx = ctx.parent
    return f"{program()} {safe_name(shlex.join([*groups, *verbs, *line.before, *line.rest]))}"


def _verbs(ctx: click.Context, group: click.Group) -> Iterator[tuple[str, click.Command]]:
    """All verbs below a group, with their names from there."""
    for name in group.list_commands(ctx):
        verb = group.get_command(ctx, name)
        if verb is not None:
            yield name, verb
        if isinstance(verb, click.Group):
            yield from ((f"{name} {below}", leaf) for below, leaf in _verbs(ctx, verb))


def _below(ctx: click.Context, group: click.Group) -> dict[str, click.Option]:
    """The options of all verbs below a group."""
    return {name: o for _, verb in _verbs(ctx, group) for name, o in _options(verb).items()}


def _options(command: click.Command) -> dict[str, click.Option]:
    """The options of one command by the names that a user types."""
    options = (o for o in command.params if isinstance(o, click.Option))
    return {name: option for option in options for name in option.opts}


def _one_of(names: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]])) + "."
