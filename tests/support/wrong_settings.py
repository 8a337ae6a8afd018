"""Some hundreds of wrong settings, each with a part of its sentence (FAULTS D9).

The mutations come from the models, so that they include every new key.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator
from enum import Enum
from typing import Any

from pydantic import BaseModel

from usenetsync_tui.settings.problems import _plain
from usenetsync_tui.settings.server import ServerSettings
from usenetsync_tui.settings.settings import Settings

SERVER = '[[servers]]\nname = "main"\nhost = "news.example.com"\n'
SECRET = "hunter2"
THEIR_WORDS = ("Input should", "validation error", "Extra inputs", "Field required", "pydantic")
VALUES = {
    "text": f'"{SECRET}"',
    "number": "-7",
    "fraction": "0.5",
    "boolean": "true",
    "list": "[[1]]",
    "table": "{ a = 1 }",
    "date": "2020-01-01",
}


def right_kinds(annotation: Any) -> set[str]:
    """Values of the right type for a field."""
    kind = _plain(annotation)
    if kind is bool:
        return {"boolean"}
    if kind is float:
        return {"fraction"}
    if kind is int:
        return {"number"}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return set()
    if typing.get_origin(kind) is dict:
        return {"table"}
    return set() if typing.get_origin(kind) is list else {"text"}


def _wrong_kinds(model: type[BaseModel], before: str) -> Iterator[tuple[str, str, str]]:
    for key, field in model.model_fields.items():
        for name, value in VALUES.items():
            if name not in right_kinds(field.annotation):
                text = before.replace('name = "main"\n', "") if key == "name" else before
                text = text.replace('host = "news.example.com"\n', "") if key == "host" else text
                yield f"{key}={name}", f"{text}{key} = {value}\n", key


def _typos(model: type[BaseModel], before: str) -> Iterator[tuple[str, str, str]]:
    for key in model.model_fields:
        if len(key) < 5:
            continue
        for typo in {key[:-1], key[:2] + key[3:], key.upper(), key.replace("_", "-") + "s"}:
            if typo not in (*ServerSettings.model_fields, *Settings.model_fields):
                yield f"typo {typo}", f"{before}{typo} = 1\n", f'Did you mean "{key}"?'


IN_FILE = [
    *_wrong_kinds(Settings, ""),
    *_wrong_kinds(ServerSettings, SERVER),
    *_typos(Settings, ""),
    *_typos(ServerSettings, SERVER),
    ("range", "max_workers = 0\n", "from 1 to 256; it is 0"),
    ("too large", f"batch_size = {'9' * 40}\n", "it is too large"),
    ("digits", f"batch_size = {'9' * 5000}\n", "too many digits"),
    ("deep", f"theme = {'[' * 5000}\n", "nested too deeply"),
    ("infinite", SERVER + "timeout = inf\n", "timeout"),
    ("no number", SERVER + "timeout = nan\n", "timeout"),
    ("empty path", 'key_file = ""\n', "key_file must be the path of a file"),
    ("empty address", 'database_url = ""\n', "database_url"),
    (
        "no newsgroup",
        'newsgroups = ["a.b", "c d"]\n',
        "newsgroups: 'c d' is not the name of a newsgroup",
    ),
    ("delay", "check_delays = [1, true]\n", "entry 2 of check_delays"),
    ("no name", '[[servers]]\nhost = "h"\n', "name of [[servers]] 1 is missing"),
    ("no host", '[[servers]]\nname = "a"\n', 'host of [[servers]] "a" is missing'),
    ("one bracket", '[servers]\nname = "a"\nhost = "h"\n', "write [[servers]]"),
    ("list of text", 'servers = ["a"]\n', "[[servers]] 1 must be a table"),
    ("near word", SERVER + 'tls = "implict"\n', 'Did you mean "implicit"?'),
    ("other word", SERVER + "ssl = true\n", 'Did you mean "tls"?'),
    ("other word 2", SERVER + 'user = "me"\n', 'Did you mean "username"?'),
    ("below", SERVER + 'newsgroups = ["a.b"]\n', "belongs above the first table"),
    ("above", 'username = "me"\n', "belongs in a [[servers]] table"),
    ("same name", SERVER + SERVER, "same name"),
    ("same variable", SERVER + SERVER.replace("main", "MAIN"), "USENETSYNC_PASSWORD_MAIN"),
    ("keys", "[keys]\nfiles.mark = 3\n", "keys.files.mark must be text"),
    ("no value", "theme =\n", "line 1"),
    ("no quotes", f"{SERVER}password = {SECRET}\n", "line 4"),
    ("open list", "newsgroups = [\n", "not TOML"),
    ("twice", "retries = 1\nretries = 2\n", "line 2"),
    ("word", "hello\n", "line 1"),
]
