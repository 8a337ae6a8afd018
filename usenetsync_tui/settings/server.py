"""One server of the settings: a ``[[servers]]`` table.

Knows its keys, and how to make a `Server` from a table. Refuses to know the other settings.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from usenetsync_tui.model.servers.server_address import read_address, read_proxy
from usenetsync_tui.model.servers.servers import AddressFamily, Role, Server, Tls, password_variable
from usenetsync_tui.settings.kinds import YEAR, FilePath
from usenetsync_tui.settings.problems import SettingProblem, called, problems, wrong_kinds
from usenetsync_tui.settings.secret_files import secret_line


class ServerSettings(BaseModel):
    """A ``[[servers]]`` table."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, defer_build=True)

    name: str = Field(
        pattern=r"^[A-Za-z0-9._-]{1,40}$",
        description="1 to 40 letters, digits, dots, hyphens and underscores",
    )
    host: str
    """A name or an address; also ``host:port``, ``[::1]`` and ``nntps://host``."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """Default: 563 with implicit TLS, else 119."""
    tls: Tls = Tls.IMPLICIT
    username: str = ""
    password: SecretStr | None = None
    password_file: FilePath = None
    """A file with the password in its first line. ``USENETSYNC_PASSWORD_<NAME>`` wins over it."""
    connections: int = Field(default=8, ge=1, le=200)
    roles: list[Role] = Field(default=list(Role), min_length=1)
    priority: int = Field(default=0, ge=-1_000_000, le=1_000_000)
    verify_tls: bool = True
    ca_file: FilePath = None
    timeout: float = Field(default=60.0, gt=0, le=YEAR, allow_inf_nan=False)
    """Seconds to wait for any answer, except the body of an article."""
    lowest_rate: int = Field(default=1_000, ge=0, le=1 << 60)
    """The lowest rate of an article in bytes per second, averaged over half a minute; 0: any."""
    max_article: int = Field(default=1_000_000, ge=1000, le=1 << 40)
    pipeline: int = Field(default=2, ge=1, le=64)
    bandwidth_limit: int = Field(default=0, ge=0, le=1 << 60)
    fetch_limit: int = Field(default=0, ge=0, le=1 << 60)
    address_family: AddressFamily = AddressFamily.ANY
    proxy: str = ""
    """``socks5://host:port``."""
    proxy_username: str = ""
    proxy_password: SecretStr | None = None

    @model_validator(mode="before")
    @classmethod
    def _with_port_and_tls(cls, table: object) -> object:
        """Take port and TLS from the host; refuse them if the table's own keys contradict them."""
        if not isinstance(table, Mapping) or not isinstance(table.get("host"), str):
            return table
        try:
            found = read_address(table["host"])
        except ValueError:  # the host's own check says why
            return table
        for key, value in (("port", found.port), ("tls", found.tls)):
            if value is not None and key in table and table[key] != value:
                raise ValueError(f"host and {key} contradict each other: write {key} once")
        port = {} if found.port is None else {"port": found.port}
        tls = {} if found.tls is None else {"tls": found.tls}
        return {**table, "host": found.host, **port, **tls}

    @field_validator("host")
    @classmethod
    def _is_host(cls, host: str) -> str:
        return read_address(host).host

    @field_validator("proxy")
    @classmethod
    def _is_proxy(cls, proxy: str) -> str:
        if proxy:
            read_proxy(proxy)
        return proxy

    def server(self, environment: Mapping[str, str]) -> Server:
        """The server with its password. `SettingsError` when the password cannot be read."""
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
            lowest_rate=self.lowest_rate,
            fetch_limit=self.fetch_limit,
            address_family=self.address_family,
            proxy=self.proxy,
            proxy_username=self.proxy_username,
            proxy_password=self.proxy_password.get_secret_value() if self.proxy_password else "",
        )


def clash_with(name: str, others: Iterable[str]) -> None:
    """`ValueError` when this name or its password variable is that of another server."""
    variable = password_variable(name)
    for other in others:
        if other == name:
            raise ValueError(f'Two servers have the same name, "{name}".')
        if password_variable(other) == variable:
            raise ValueError(
                f'The servers "{other}" and "{name}" would share one variable for their '
                f"passwords, {variable}. Give one of them another name."
            )


def server_problems(values: Mapping[str, Any]) -> str:
    """Why these values are not a valid ``[[servers]]`` table; empty when they are."""
    try:
        ServerSettings.model_validate(values)
    except ValidationError as error:
        return " ".join(p.words for p in problems(error, ServerSettings, values))
    return ""


def wrong_servers(values: Mapping[str, Any]) -> list[SettingProblem]:
    """Values of the wrong type in the ``[[servers]]`` tables of these settings."""
    servers = values.get("servers")
    if not isinstance(servers, list):
        return []
    return [
        SettingProblem("servers", problem.words)
        for number, server in enumerate(servers)
        if isinstance(server, Mapping)
        for problem in wrong_kinds(ServerSettings, server, called("servers", number, server))
    ]
