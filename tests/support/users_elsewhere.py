"""A process that uses the embedded server, in a container or outside one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from containers import Container
from own_servers import children, kill

_SCRIPT = """
import sys, psycopg
from pathlib import Path
from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.locations import Locations
from usenetsync_tui.postgres.embedded.server import EmbeddedServer
locations = Locations.find({"USENETSYNC_HOME": sys.argv[1]})
server = EmbeddedServer(locations, system_folder=Path(sys.argv[2]))
try:
    address = server.acquire()
except UsenetSyncError as error:
    print(type(error).__name__, error, flush=True)
    sys.exit(error.exit_code)
with psycopg.connect(address, autocommit=True) as conn:
    print("in", flush=True)
    for line in sys.stdin:
        try:
            found = conn.execute(line)
            print(found.fetchall() if found.description else "done", flush=True)
        except psycopg.Error as error:
            print(type(error).__name__, flush=True)
server.release()
"""


class UserElsewhere:
    """Uses the server of `home`, runs what it is given, and leaves when asked to."""

    def __init__(self, inside: Container | None, home: Path, system_folder: Path) -> None:
        argv = [sys.executable, "-c", _SCRIPT, str(home), str(system_folder)]
        self._process = subprocess.Popen(
            inside.argv(argv) if inside is not None else argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def said(self) -> str:
        """Its next line: ``in`` when it got a connection, else the error."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def ask(self, sql: str) -> str:
        """The result of a statement."""
        assert self._process.stdin is not None
        self._process.stdin.write(sql + "\n")
        self._process.stdin.flush()
        return self.said()

    def leave(self) -> int:
        """End its input; returns its exit code."""
        _, words = self._process.communicate(timeout=60)
        assert "Traceback" not in words, words
        return self._process.returncode

    def kill(self) -> None:
        """`kill -9` of the process itself; nsenter(1), its parent, ends with it."""
        argv_of_parent = self._process.args
        assert isinstance(argv_of_parent, list)
        inner = children(self._process.pid) if argv_of_parent[0] == "nsenter" else []
        for pid in inner or [self._process.pid]:
            kill(pid)
        self.ended()

    def ended(self) -> None:
        """Wait for the end of a killed or abandoned process."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.communicate(timeout=60)
