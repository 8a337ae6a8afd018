"""Wrong settings and the command itself: a sentence with the file or the variable, exit 2.

Tries every fortieth mutation of `test_settings_mutations`, and one of each kind that is not in its
list, each in a process of its own and with another verb.
"""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import replace
from pathlib import Path

from forked_command import CLOSED, FULL, LEFT, TERMINAL, Case, run_forked
from wrong_settings import IN_FILE, SECRET, SERVER, THEIR_WORDS

VERBS = (
    ["servers"],
    ["folders", "--json"],
    ["upload", "/etc/hostname", "--quiet"],
    ["restore", "tree", "out", "--json"],
    ["verify", "tree"],
    ["servers", "test", "--json"],
    ["nzb", "tree", "-o", "x.nzb"],
    ["jobs", "1", "--json"],
    ["db", "start"],
    ["db", "url", "--json"],
    ["tui"],
)
STREAMS = (CLOSED, FULL, LEFT, TERMINAL)
BYTES = {
    "UTF-16": ('theme = "é"\n'.encode("utf-16"), "save it as UTF-8"),
    "Latin-1": (b'theme = ""\n# \xe9\n', "line 2"),
    "a program": (b"\x7fELF\x02\x01\x01\0\0\0", "zero bytes"),
    "an escape": (b'"\\u001b[2J" = 1\n', "unknown key"),
}
VARIABLES = {
    "USENETSYNC_MAX_WORKERS": (SECRET, "must be "),
    "USENETSYNC_MAX_WORKER": ("3", 'Did you mean "USENETSYNC_MAX_WORKERS"?'),
    "USENETSYNC_NEWSGROUPS": ("alt.binaries.test", "is not JSON"),
    "USENETSYNC_SERVERS": (json.dumps([{"name": "a"}]), "host of"),
    "USENETSYNC_POSTER": ("\udcff", "not UTF-8"),
    "USENETSYNC_RETRIES": ("", "empty"),
}


def test_a_sentence_under_every_verb_on_any_streams(tmp_path: Path) -> None:
    verbs = itertools.cycle(VERBS)
    cases: list[Case] = []
    wanted: list[tuple[str, str]] = []

    def add(data: bytes | Path, words: str, variables: dict[str, str] | None = None) -> None:
        home = tmp_path / str(len(cases))
        (home / "config").mkdir(parents=True, mode=0o700)
        home.chmod(0o700)
        file = home / "config" / "config.toml"
        if isinstance(data, Path):
            file.symlink_to(data)
        else:
            file.write_bytes(data)
            file.chmod(0o600)
        cases.append(
            Case(next(verbs), variables={"USENETSYNC_HOME": str(home), **(variables or {})})
        )
        wanted.append((next(iter(variables or {}), str(file)), words))

    for _, text, words in IN_FILE[::40]:
        add(text.encode(), words)
    for data, words in BYTES.values():
        add(data, words)
    add(tmp_path, "Is a directory")
    add(Path("/dev/zero"), "Not a regular file")
    for name, (value, words) in VARIABLES.items():
        add(SERVER.encode(), words, {name: value})
    assert len(cases) >= 20
    mute = [Case(["upload", "/etc"], stdout=kind, stderr=kind) for kind in STREAMS]
    mute += [Case(["upload", "/etc", "--json"], stdout=kind) for kind in STREAMS]
    mute = [replace(case, variables=cases[0].variables) for case in mute]
    before = {k: v for k, v in os.environ.items() if not k.startswith("USENETSYNC_")}
    every = run_forked([*cases, *mute], before)
    for ended in every[len(cases) :]:
        assert ended.code == 2 and "Traceback" not in ended.out + ended.err, ended
    for case, (name, words), ended in zip(cases, wanted, every, strict=False):
        assert ended.code == 2, (case, ended)
        said = ended.err
        if "--json" in case.argv:
            (event,) = map(json.loads, ended.out.splitlines())
            assert (event["event"], event["kind"], said) == ("error", "SettingsError", ""), case
            said = event["message"] + "\n"
        else:
            assert ended.out == "" and said.startswith("usenetsync: "), (case, ended)
        assert name in said and words in said and said.count("\n") == 1, (case, said)
        assert SECRET not in said and "\x1b" not in said, (case, said)
        assert not any(theirs in said for theirs in THEIR_WORDS), (case, said)
