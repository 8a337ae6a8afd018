"""The settings: `config.toml`, and an environment variable `USENETSYNC_<KEY>` for every key.

The environment wins over the file. An unknown key or a value out of range is an error with a
sentence, never ignored: a misspelt limit would be no limit.
"""

from __future__ import annotations

import os
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from usenetsync_tui.errors import SettingsError
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.folders import FolderDefaults, StoreKind
from usenetsync_tui.model.segments import SEGMENT_SIZE
from usenetsync_tui.model.servers.headers import newsgroups_problem, poster_problem
from usenetsync_tui.model.servers.listen_address import listen_problem
from usenetsync_tui.model.servers.servers import Server, password_variable
from usenetsync_tui.model.status.engine import Limits
from usenetsync_tui.model.versions.keep_rules import (
    COUNTED,
    MOST_KEPT,
    KeepRules,
    TimeSpan,
    span_typed,
    tag_list_problem,
)
from usenetsync_tui.settings.appearance import BELL_AFTER, flat_keys
from usenetsync_tui.settings.kinds import FilePath, Seconds
from usenetsync_tui.settings.problems import SettingProblem, problems, wrong_kinds
from usenetsync_tui.settings.secret_files import refuse_open_secrets
from usenetsync_tui.settings.server import ServerSettings, clash_with, wrong_servers
from usenetsync_tui.settings.sources import (
    CONFIG_NAME,
    config_bytes,
    config_table,
    config_text,
    from_variables,
    shown,
    unused_variables,
)


class Settings(BaseSettings):
    """The settings of a user. Sizes are in bytes, times in seconds."""

    model_config = SettingsConfigDict(
        env_prefix="USENETSYNC_", extra="forbid", hide_input_in_errors=True, defer_build=True
    )

    database_url: SecretStr | None = Field(
        default=None, min_length=1, description="the address of a PostgreSQL server, and not empty"
    )
    """A PostgreSQL server of your own; without it UsenetSync uses the embedded one."""
    max_workers: int = Field(default=8, ge=1, le=256)
    """Threads that process data."""
    max_connections: int = Field(default=40, ge=8, le=40)
    """Connections to PostgreSQL in all."""
    batch_size: int = Field(default=1000, ge=1, le=100_000)
    """Rows per transaction."""
    chunk_size: int = Field(default=SEGMENT_SIZE, ge=1024, le=64 << 20)
    """Bytes per segment. On Usenet at most 10,420,191 (`model.segments.LARGEST_PAYLOAD`), and at
    most what every server that posts accepts; otherwise uploads to Usenet are refused."""
    memory_limit: int = Field(default=4 << 30, ge=64 << 20, le=1 << 60)
    """Most bytes in flight: data being read, compressed, posted and fetched, including the memory
    of compressors and the buffers of connections. If they need more, fewer workers and connections
    than set run at once. One segment is always allowed, with two copies of it and one compressor.
    The program itself takes about 100 MiB more; PostgreSQL is not counted."""
    retries: int = Field(default=3, ge=1, le=100)
    """Attempts to post or fetch an article at each server."""
    reposts: int = Field(default=2, ge=0, le=100)
    """How often a run posts a missing article again before it gives up."""
    retry_backoff: Seconds = 0.5
    """Seconds before the second attempt; doubled before each further one."""
    servers: list[ServerSettings] = []
    """Usenet servers; with at least one, new folders use Usenet unless the user says otherwise."""
    newsgroups: list[str] = Field(default=["alt.binaries.test"])
    """The newsgroups to post to."""
    poster: str = "anonymous <anonymous@example.invalid>"
    """The poster of `plain` articles; each sealed article has a random one."""
    check_delays: list[Seconds] = [8.0, 30.0, 120.0, 300.0, 900.0]
    """Seconds from posting an article to its first check, then between checks while it is missing.
    An empty list: no checks; a server's acknowledgement counts."""
    server_patience: Seconds = 900.0
    """Seconds to wait for a server when none can be used, before the job ends."""
    bandwidth_limit: int = Field(default=0, ge=0, le=1 << 60)
    """Bytes per second posted to all servers together; 0: no limit."""
    fetch_limit: int = Field(default=0, ge=0, le=1 << 60)
    """Bytes a second fetched from all servers together; 0: no limit."""
    digest: DigestAlgorithm = DigestAlgorithm.BLAKE3
    """What identifies the bytes of new folders; a folder keeps what it began with."""
    padding: bool = True
    """Pad payloads to a few sizes before sealing, so that a size reveals little; costs at most
    12 %, and 4 bytes for a full segment."""
    passphrase: SecretStr | None = None
    """Wraps the keys of sealed folders, instead of the key file."""
    passphrase_file: FilePath = None
    """A file with the passphrase in its first line."""
    key_file: FilePath = None
    """The file whose key wraps the keys of sealed folders; created on first use. Default: ``key``
    beside ``config.toml``."""
    exclude: list[str] = []
    """Patterns in gitignore's syntax: no upload takes in what they exclude, unless a filter of the
    folder includes it again."""
    keep_last: int = Field(default=0, ge=0, le=MOST_KEPT)
    """After each upload keep only so many newest versions, and those that another keep rule names,
    of folders without keep rules of their own. 0, here and below: no such rule; no rule at all:
    every version is kept."""
    keep_hourly: int = Field(default=0, ge=0, le=MOST_KEPT)
    """The same with the newest version of each hour, for so many hours that have one."""
    keep_daily: int = Field(default=0, ge=0, le=MOST_KEPT)
    """The same with days."""
    keep_weekly: int = Field(default=0, ge=0, le=MOST_KEPT)
    """The same with weeks, from Monday on."""
    keep_monthly: int = Field(default=0, ge=0, le=MOST_KEPT)
    """The same with months."""
    keep_yearly: int = Field(default=0, ge=0, le=MOST_KEPT)
    """The same with years."""
    keep_within: str = ""
    """The same with every version that is at most this much older than the newest one: ``30d``,
    ``1y6m``, ``12h``; empty: no such rule."""
    keep_tags: list[str] = []
    """The same with every version that has one of these tags; ``a,b``: both."""
    keys: dict[str, str] = {}
    """Other keys for the screen, in a ``[keys]`` table: the id of a binding (``files.mark``; the
    help names them) and its keys, separated by commas."""
    theme: str = ""
    """The name of the screen's theme; empty: our own."""
    progress_remote: bool = False
    """Whether other machines may connect to `progress_listen`. They see the names of jobs, folders
    and files, over a connection that is not encrypted: the token is readable on the way."""
    progress_hosts: list[str] = []
    """Further host names under which clients reach `progress_listen`, besides ``localhost`` and
    addresses; others are refused, since any name can be pointed to this machine."""
    progress_listen: str = ""
    """Where a running engine serves its progress, as in ``localhost:8080``; empty: nowhere."""
    bell_after: int = Field(default=BELL_AFTER, ge=0)
    """The seconds of work from which the end of a job rings the terminal's bell; 0: never."""

    @field_validator("newsgroups")
    @classmethod
    def _are_newsgroups(cls, names: list[str]) -> list[str]:
        return _unless(newsgroups_problem(names), names)

    @field_validator("poster")
    @classmethod
    def _is_a_poster(cls, text: str) -> str:
        return _unless(poster_problem(text), text)

    @field_validator("keep_within")
    @classmethod
    def _is_a_span(cls, text: str) -> str:
        if text:
            span_typed(text)
        return text

    @field_validator("keep_tags")
    @classmethod
    def _are_tags(cls, tags: list[str]) -> list[str]:
        return _unless(next(filter(None, map(tag_list_problem, tags)), ""), tags)

    @field_validator("progress_listen")
    @classmethod
    def _may_listen(cls, address: str, info: ValidationInfo) -> str:
        # Fields that did not pass are missing here, and reported themselves.
        remote = info.data.get("progress_remote", True)
        return _unless(listen_problem(address, remote=remote), address)

    @field_validator("keys", mode="before")
    @classmethod
    def _with_dots(cls, keys: object) -> object:
        return dict(flat_keys(keys)) if isinstance(keys, Mapping) else keys

    @field_validator("servers")
    @classmethod
    def _told_apart(cls, servers: list[ServerSettings]) -> list[ServerSettings]:
        """Refuse two servers with the same name or the same password variable."""
        seen: dict[str, str] = {}
        for server in servers:
            clash_with(server.name, seen.values())
            seen[password_variable(server.name)] = server.name
        return servers

    def usenet_servers(self, environment: Mapping[str, str]) -> tuple[Server, ...]:
        """The servers with their passwords. `SettingsError` when one cannot be read."""
        return tuple(s.server(environment) for s in self.servers)

    @property
    def folder_defaults(self) -> FolderDefaults:
        """The defaults of a new folder."""
        store = StoreKind.USENET if self.servers else StoreKind.SHARDS
        return FolderDefaults(store, tuple(self.newsgroups), self.poster, self.digest)

    @property
    def global_patterns(self) -> tuple[bytes, ...]:
        """The patterns of `exclude`, as bytes."""
        return tuple(os.fsencode(pattern) for pattern in self.exclude)

    @property
    def keep_rules(self) -> KeepRules:
        """The keep rules of folders without their own."""
        return KeepRules(
            **{name: getattr(self, f"keep_{name}") for name in COUNTED},
            within=span_typed(self.keep_within) if self.keep_within else TimeSpan(),
            tags=tuple(self.keep_tags),
        )

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


_Value = TypeVar("_Value")


def _unless(problem: str, value: _Value) -> _Value:
    """The value; `ValueError` if there is a problem."""
    if problem:
        raise ValueError(problem)
    return value


def load_settings(config_dir: Path, variables: Mapping[str, str] | None = None) -> Settings:
    """The settings in force: the file, and over it the environment (`variables`).

    `SettingsError` names the file or the variable, the key, and what is wrong with it.
    """
    path = config_dir / CONFIG_NAME
    data = config_bytes(path)
    table = config_table(path, config_text(path, data)) if data is not None else {}
    keys = _keys()
    given = from_variables(os.environ if variables is None else variables, keys)
    written = {key: value for key, value in table.items() if key not in given}
    values = {**written, **{key: value for key, (_, value) in given.items()}}
    # A plain value in a variable is always text, so only values with a type are checked for it.
    typed = {key: value for key, value in values.items() if key in written or keys[key]}
    if wrong := [*wrong_kinds(Settings, typed), *wrong_servers(typed)]:
        raise SettingsError(_joined(wrong, path, given))
    try:
        settings = _read(values)
    except ValidationError as error:
        raise SettingsError(_joined(problems(error, Settings, values), path, given)) from None
    if data is not None:
        refuse_open_secrets(path, data)
    return settings


class _Given(PydanticBaseSettingsSource):
    """A source of values that are already read, each under the name of its field."""

    def __init__(self, settings_cls: type[BaseSettings], values: Mapping[str, Any]) -> None:
        super().__init__(settings_cls)
        self._values = values

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self._values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return dict(self._values)


def _read(values: Mapping[str, Any]) -> Settings:
    """The settings with exactly these values. Raises `ValidationError`."""

    class Read(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (_Given(settings_cls, values),)

    return Read()


def _keys() -> dict[str, str]:
    """All keys; for a list or a table with an example in JSON, for others an empty text."""
    shapes = {list: '["one", "two"]', dict: '{"key": "value"}'}
    return {
        key: shapes.get(typing.get_origin(field.annotation) or str, "")
        for key, field in Settings.model_fields.items()
    }


def unused(settings: Settings, variables: Mapping[str, str]) -> list[str]:
    """Sentences about ``USENETSYNC_`` variables that these settings do not use."""
    names = [server.name for server in settings.servers]
    return unused_variables(variables, Settings.model_fields, names)


def _joined(
    found: Sequence[SettingProblem], path: Path, given: Mapping[str, tuple[str, object]]
) -> str:
    """The problems in one text, each after the name of its variable or file."""
    return " ".join(
        f"{given[p.key][0] if p.key in given else shown(path)}: {p.words}" for p in found
    )
