"""A home of the command with news servers in its settings."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class NewsServer(Protocol):
    """The part of a server that the settings need."""

    host: str
    port: int


def configure(
    home: Path, *tables: str, newsgroup: str = "alt.binaries.test", **keys: object
) -> None:
    """Write `config.toml`; `tables` are those of `server_table`, `keys` are top-level settings."""
    folder = home / "config"
    folder.mkdir(mode=0o700, exist_ok=True)
    settings = {"check_delays": [0.1, 0.5, 1.0], "retry_backoff": 0.05, **keys}
    lines = [f'newsgroups = ["{newsgroup}"]', *(f"{k} = {_toml(v)}" for k, v in settings.items())]
    path = folder / "config.toml"
    path.touch(mode=0o600)
    path.write_text("\n".join([*lines, *tables]) + "\n")


def server_table(server: NewsServer, name: str = "main", **keys: object) -> str:
    """A ``[[servers]]`` table."""
    settings: dict[str, object] = {
        "name": name,
        "host": server.host,
        "port": server.port,
        "tls": "none",
        "connections": 4,
        **keys,
    }
    return "\n".join(["[[servers]]", *(f"{k} = {_toml(v)}" for k, v in settings.items())])


def _toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case _:
            return f'"{value}"'
