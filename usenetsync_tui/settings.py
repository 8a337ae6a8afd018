"""The settings: `config.toml`, every key also an environment variable `USENETSYNC_<KEY>`.

The environment wins over the file. Unknown keys and values out of range are refused with a
sentence, never ignored: a misspelt limit would be no limit.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from usenetsync_tui.errors import SettingsError
from usenetsync_tui.model.folders import FolderDefaults, StoreKind
from usenetsync_tui.model.segments import SEGMENT_SIZE
from usenetsync_tui.model.servers import Role, Server, Tls, password_variable
from usenetsync_tui.model.status import Limits

CONFIG_NAME = "config.toml"


_SERVER_NAME = r"^[A-Za-z0-9._-]{1,40}$"
_HOST = r"^[!-~]{1,255}$"

Newsgroup = Annotated[str, Field(pattern=r"^[A-Za-z0-9+_-]+(\.[A-Za-z0-9+_-]+)*$")]
CheckDelay = Annotated[float, Field(ge=0)]


class ServerSettings(BaseModel):
    """A ``[[servers]]`` table."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: str = Field(pattern=_SERVER_NAME)
    host: str = Field(pattern=_HOST)
    port: int | None = Field(default=None, ge=1, le=65535)
    """Default: 563 with implicit TLS, else 119."""
    tls: Tls = Tls.IMPLICIT
    username: str = ""
    password: SecretStr | None = None
    password_file: Path | None = None
    """A file with the password in its first line; or ``USENETSYNC_PASSWORD_<NAME>``."""
    connections: int = Field(default=8, ge=1, le=200)
    roles: list[Role] = Field(default=list(Role), min_length=1)
    priority: int = 0
    verify_tls: bool = True
    ca_file: Path | None = None
    timeout: float = Field(default=60.0, gt=0)
    max_article: int = Field(default=1_000_000, ge=1000)
    pipeline: int = Field(default=2, ge=1, le=64)
    bandwidth_limit: int = Field(default=0, ge=0)

    def server(self, environment: Mapping[str, str]) -> Server:
        """The server with its password. `SettingsError` when that cannot be read."""
        password = environment.get(password_variable(self.name), "")
        if not password and self.password is not None:
            password = self.password.get_secret_value()
        if not password and self.password_file is not None:
            password = secret_line(self.password_file)
        default = 563 if self.tls is Tls.IMPLICIT else 119
        return Server(
            name=self.name,
            host=self.host,
            port=self.port or default,
            tls=self.tls,
            username=self.username,
            password=password,
            connections=self.connections,
            roles=frozenset(self.roles),
            priority=self.priority,
            verify_tls=self.verify_tls,
            ca_file=os.fspath(self.ca_file) if self.ca_file else None,
            timeout=self.timeout,
            max_article=self.max_article,
            pipeline=self.pipeline,
            bandwidth_limit=self.bandwidth_limit,
        )


class Settings(BaseSettings):
    """What a user may set. Sizes are bytes, times seconds."""

    model_config = SettingsConfigDict(
        env_prefix="USENETSYNC_", extra="forbid", validate_default=False, hide_input_in_errors=True
    )

    database_url: SecretStr | None = None
    """A PostgreSQL server of your own; without it the embedded one is used."""
    max_workers: int = Field(default=8, ge=1, le=256)
    """Threads at work on bytes."""
    max_connections: int = Field(default=40, ge=8, le=40)
    """Connections to PostgreSQL, all together."""
    batch_size: int = Field(default=1000, ge=1, le=100_000)
    """Rows a transaction."""
    chunk_size: int = Field(default=SEGMENT_SIZE, ge=1024, le=64 << 20)
    """Bytes a segment. On Usenet 10,420,191 at most (`model.segments.LARGEST_PAYLOAD`), and no more
    than every server that posts takes; an upload there is refused otherwise."""
    memory_limit: int = Field(default=4 << 30, ge=64 << 20)
    """Bytes in flight at most: what is read, compressed, posted and fetched, the compressors' own
    memory and the buffers of connections included. Where it has no room for them, fewer workers
    and connections than are set run at once."""
    retries: int = Field(default=3, ge=1, le=100)
    """Attempts to post or fetch an article."""
    retry_backoff: float = Field(default=0.5, ge=0)
    """Seconds before the second attempt; doubled before each further one."""
    servers: list[ServerSettings] = []
    """Usenet servers; with one, new folders go to Usenet unless told otherwise."""
    newsgroups: list[Newsgroup] = Field(default=["alt.binaries.test"], min_length=1)
    """Where articles are posted."""
    poster: str = Field(default="anonymous <anonymous@example.invalid>", pattern=r"^[ -~]{3,200}$")
    """Who posts `plain` articles; sealed ones have a random poster each."""
    check_delays: list[CheckDelay] = [8.0, 30.0, 120.0, 300.0, 900.0]
    """Seconds after which a posted article is looked for, and then again while it is not there.
    An empty list: what a server acknowledges is believed."""
    server_patience: float = Field(default=900.0, ge=0)
    """Seconds to wait for a server when none can be used, before the job ends."""
    bandwidth_limit: int = Field(default=0, ge=0)
    """Bytes a second posted to all servers together; 0: no limit."""
    padding: bool = True
    """Payloads are padded to a few sizes before they are sealed, so that a size says little; costs
    12 % at most, and 4 bytes where a segment is full."""
    passphrase: SecretStr | None = None
    """Wraps the keys of sealed folders, instead of the key file."""
    passphrase_file: Path | None = None
    """A file with the passphrase in its first line."""
    key_file: Path | None = None
    """What wraps the keys of sealed folders; made on first use. Default: ``key`` beside
    ``config.toml``."""
    keys: dict[str, str] = {}
    """Other keys for the screen, in a ``[keys]`` table: the id of a binding (``files.mark``; the
    help names them) and the keys for it, with commas between them."""
    theme: str = ""
    """The name of the theme the screen wears; empty: our own."""

    @field_validator("keys", mode="before")
    @classmethod
    def _with_dots(cls, keys: object) -> object:
        """``files.mark = "m"`` is a table in a table to TOML."""
        return dict(_flat(keys)) if isinstance(keys, Mapping) else keys

    def usenet_servers(self, environment: Mapping[str, str]) -> tuple[Server, ...]:
        """The servers with their passwords. `SettingsError` when one cannot be read."""
        names = [s.name for s in self.servers]
        if len(set(names)) < len(names):
            raise SettingsError("Two servers have the same name.")
        return tuple(s.server(environment) for s in self.servers)

    @property
    def folder_defaults(self) -> FolderDefaults:
        """What a new folder begins with."""
        store = StoreKind.USENET if self.servers else StoreKind.SHARDS
        return FolderDefaults(store, tuple(self.newsgroups), self.poster)

    @property
    def limits(self) -> Limits:
        """The system limits as the screen shows them."""
        return Limits(
            max_workers=self.max_workers,
            max_connections=self.max_connections,
            batch_size=self.batch_size,
            chunk_size=self.chunk_size,
            memory_limit=self.memory_limit,
        )


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def load_settings(config_dir: Path) -> Settings:
    """The settings in force. `SettingsError` names the key and what is wrong with it."""
    path = config_dir / CONFIG_NAME

    class FromFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return env_settings, TomlConfigSettingsSource(settings_cls, toml_file=path)

    try:
        settings = FromFile()
    except ValidationError as error:
        raise SettingsError(problem_words(error)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{path}: {error}") from error
    _refuse_open_secrets(path)
    return settings


_IN_WORDS = {
    _SERVER_NAME: "1 to 40 letters, digits, dots, hyphens and underscores",
    _HOST: "a host name or an address, without spaces",
}


def problem_words(error: ValidationError) -> str:
    """Which keys are wrong, and what is wrong with them; never their values."""
    problems: list[Any] = error.errors(include_input=False, include_url=False)
    return "; ".join(f"{'.'.join(map(str, p['loc']))}: {_problem(p)}" for p in problems)


def _problem(problem: dict[str, Any]) -> str:
    words: str = _IN_WORDS.get(problem.get("ctx", {}).get("pattern"), problem["msg"])
    return words


_SECRETS = (b"database_url", b"password", b"passphrase")


def _refuse_open_secrets(path: Path) -> None:
    """A file that holds a password must be its owner's alone."""
    try:
        mode = path.stat().st_mode
        held = next((s for s in _SECRETS if s in path.read_bytes()), None)
    except FileNotFoundError:
        return
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    if held is not None and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(
            f"{path} holds a {held.decode()} and others can read it: chmod 600 {os.fspath(path)}"
        )


def secret_line(path: Path) -> str:
    """The first line of a file that only its owner can read. `SettingsError` if others can."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise SettingsError(f"Others can read {path}: chmod 600 {os.fspath(path)}")
            return file.readline(4096).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error
