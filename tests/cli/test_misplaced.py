"""Options of a verb that are typed before it: a sentence with the command to type (any of them)."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click
import pytest
from in_process import InProcess

from usenetsync_tui.cli.command import root

Option = tuple[list[str], str, list[str], list[str]]
"""A verb as it is typed, one of its options, that option with its value, and words of the verb."""

BEHIND = '"{}" belongs behind the verb. Type: '


def options(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[Option]:
    """Every option of every verb, by each of its names."""
    for name, verb in group.commands.items():
        for option in verb.params:
            if isinstance(option, click.Option):
                for typed in option.opts:
                    value = [] if option.is_flag else ["1"]
                    words = [] if isinstance(verb, click.Group) else ["a b"]
                    yield [*path, name], typed, [typed, *value], words
        if isinstance(verb, click.Group):
            yield from options(verb, (*path, name))


def test_every_option_of_every_verb(run: InProcess) -> None:
    every = list(options(root))
    assert len(every) > 40
    for verb, name, typed, words in every:
        for before, prefix in (([], verb), (verb[:1], verb[1:]))[: len(verb)]:
            if before == ["servers"]:
                continue  # it has `--json` itself, which counts for `test`
            ended = run(*before, *typed, *prefix, *words, expect=2)
            wanted = shlex.join([*verb, *typed, *words])
            message = ended.events[0]["message"] if name == "--json" else ended.err
            sentence, _, command = message.partition(" Type: ")
            assert sentence.endswith(f'"{name}" belongs behind the verb.'), (verb, typed)
            assert command.rstrip("\n").endswith(f" {wanted}"), (verb, typed)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("--json --quiet upload -- -x", f"{BEHIND.format('--json')}* upload --json --quiet -- -x"),
        ("-ox.nzb nzb tree", f"{BEHIND.format('-o')}* nzb -ox.nzb tree"),
        ("--version=2 restore a b", f"{BEHIND.format('--version')}* restore --version=2 a b"),
        ("--version=2", '"--version" belongs behind a verb. Type: * VERB --version=2, where VERB'),
        ("--each-subfolder", "* VERB --each-subfolder, where VERB is nzb."),
        (
            "db --json",
            "* db VERB --json, where VERB is backup, restore, start, status, stop or url.",
        ),
        ("--body upload x", 'upload has no option "--body". It belongs to verify.'),
        ("--jsn upload x", 'There is no option "--jsn". Did you mean "--json"?'),
        ("--jsn", 'There is no option "--jsn". Did you mean "--json"?'),
        ("--quiet uplaod x", 'There is no verb "uplaod". Did you mean "upload"?'),
        ("--profile plain photos", 'There is no verb "photos".'),
    ],
)
def test_other_wrong_lines(run: InProcess, line: str, wanted: str) -> None:
    ended = run(*shlex.split(line), expect=2)
    said = ended.err or ended.events[0]["message"]
    at = 0
    for part in wanted.split("*"):
        found = said.find(part, at)
        assert found >= 0, (part, said)
        at = found + len(part)


def test_the_version_of_the_program_is_still_printed(run: InProcess) -> None:
    for line in (["--version"], ["--version", "2"], ["--version", "upload"]):
        assert run(*line).out.startswith("usenetsync, version ")
