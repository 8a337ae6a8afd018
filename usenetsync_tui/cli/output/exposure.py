"""The warning of every verb that uses servers without a protected connection."""

from __future__ import annotations

import os
import sys

from usenetsync_tui.cli.output import voices
from usenetsync_tui.model.servers.servers import Exposure, Server
from usenetsync_tui.settings.settings import Settings


def warn_of_servers(settings: Settings) -> None:
    """Print a line on standard error for each exposed server, in red on a terminal.

    Also with ``--json``: standard output is only for the results. A server without TLS gets the
    line if it has a password. `SettingsError` when a password cannot be read.
    """
    for server in settings.usenet_servers(os.environ):
        exposed = server.exposure
        if exposed is Exposure.NOT_ENCRYPTED and not server.password:
            continue
        if exposed is not None:
            line = f"usenetsync: server {server.name}: {exposed.loudly} ({_setting(server)})"
            voices.complain(voices.red(line, sys.stderr))


def _setting(server: Server) -> str:
    if server.exposure is Exposure.NOT_ENCRYPTED:
        return f'tls = "{server.tls}"'
    return "verify_tls = false"
