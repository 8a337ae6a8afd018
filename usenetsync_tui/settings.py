"""The settings: `config.toml`, every key also an environment variable `USENETSYNC_<KEY>`.

The environment wins over the file. Unknown keys and values out of range are refused with a
sentence, never ignored: a misspelt limit would be no limit.
"""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from usenetsync_tui.errors import SettingsError
from usenetsync_tui.model.segments import SEGMENT_SIZE
from usenetsync_tui.model.status import Limits

CONFIG_NAME = "config.toml"


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
    """Bytes a segment."""
    memory_limit: int = Field(default=4 << 30, ge=64 << 20)
    """Bytes in flight at most."""
    retries: int = Field(default=3, ge=1, le=100)
    """Attempts to post or fetch an article."""
    retry_backoff: float = Field(default=0.5, ge=0)
    """Seconds before the second attempt; doubled before each further one."""

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
        raise SettingsError(_words(error)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{path}: {error}") from error
    _refuse_open_secrets(path)
    return settings


def _words(error: ValidationError) -> str:
    problems: list[Any] = error.errors(include_input=False, include_url=False)
    return "; ".join(f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in problems)


def _refuse_open_secrets(path: Path) -> None:
    """A file that holds the database's password must be its owner's alone."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO) and b"database_url" in path.read_bytes():
        raise SettingsError(
            f"{path} holds a database_url and others can read it: chmod 600 {os.fspath(path)}"
        )
