"""Runs `usenetsync` to its end in a fork of a process that has imported it.

Imports take nearly half a second of processor time, most of a short command. A fork is a process
of its own in all else: its arguments, environment, folder and pipes are those of the case, and it
ends as Python ends. `run` is the test's side; as a program, this is the process that forks.
"""

from __future__ import annotations

import functools
import io
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence

_READ_AT_THE_START = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_")
"""Beginnings of the variables that the interpreter and its libraries read only once."""
_LONGEST = 1 << 17
"""Bytes of a case."""


def run(
    argv: Sequence[str], environment: Mapping[str, str], patience: float
) -> tuple[int, str, str]:
    """The exit code, standard output and standard error of a command line.

    Kills it after so many seconds, and raises `TimeoutError`.
    """
    pipes = [os.pipe() for _ in range(3)]
    case = json.dumps([list(argv), dict(environment), os.getcwd()]).encode()
    try:
        forker = _forker(_of_start(environment), os.getpid())
        socket.send_fds(forker, [case], [writer for _, writer in pipes])
    finally:
        for _, writer in pipes:
            os.close(writer)
    out, err, outcome = _read_all([reader for reader, _ in pipes], patience)
    return int(outcome.split()[1]), _text(out), _text(err)


def _of_start(environment: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(
        variable for variable in environment.items() if variable[0].startswith(_READ_AT_THE_START)
    )


@functools.cache
def _forker(of_start: frozenset[tuple[str, str]], _: int) -> socket.socket:
    """The connection to a process that forks; one for each such environment and process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    plain = {k: v for k, v in os.environ.items() if not k.startswith(_READ_AT_THE_START)}
    with theirs:
        _forkers.append(
            subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                env=plain | dict(of_start),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        )
    return ours


_forkers: list[subprocess.Popen[bytes]] = []
"""They end with their connections."""


def _read_all(readers: list[int], patience: float) -> list[bytes]:
    """All that comes from each pipe to its end; closes them. The last has the process id first."""
    end = time.monotonic() + patience
    came = {reader: bytearray() for reader in readers}
    with selectors.DefaultSelector() as selector:
        for reader in readers:
            selector.register(reader, selectors.EVENT_READ)
        try:
            while selector.get_map():
                ready = selector.select(max(0.0, end - time.monotonic()))
                if not ready:
                    os.kill(int(came[readers[-1]].split()[0]), signal.SIGKILL)
                    raise TimeoutError([bytes(each) for each in came.values()])
                for key, _ in ready:
                    data = os.read(key.fd, 1 << 16)
                    came[key.fd] += data
                    if not data:
                        selector.unregister(key.fd)
        finally:
            for reader in readers:
                os.close(reader)
    return [bytes(came[reader]) for reader in readers]


def _text(data: bytes) -> str:
    """As `subprocess` decodes it: any end of line is a newline."""
    return io.TextIOWrapper(io.BytesIO(data), "utf-8", "backslashreplace").read()


class _Forker:
    """The process that forks."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._selector = selectors.DefaultSelector()
        self._selector.register(connection, selectors.EVENT_READ)

    def serve(self) -> list[str] | None:
        """Fork for each case. Returns its arguments in each child, and None at the end."""
        while True:
            for key, _ in self._selector.select():
                if key.data is not None:
                    self._report(key.fd, *key.data)
                    continue
                case, descriptors, _, _ = socket.recv_fds(self._connection, _LONGEST, 3)
                if not case:
                    return None
                child = os.fork()
                if not child:
                    self._selector.close()
                    self._connection.close()
                    return _become(case, descriptors)
                self._began(child, descriptors)

    def _began(self, child: int, descriptors: Iterable[int]) -> None:
        out, err, outcome = descriptors
        os.close(out)
        os.close(err)
        os.write(outcome, b"%d " % child)
        self._selector.register(os.pidfd_open(child), selectors.EVENT_READ, (child, outcome))

    def _report(self, pidfd: int, child: int, outcome: int) -> None:
        self._selector.unregister(pidfd)
        os.close(pidfd)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.write(outcome, b"%d" % code)
        os.close(outcome)


def _become(case: bytes, descriptors: Sequence[int]) -> list[str]:
    """Take over the streams, the environment and the folder of a case; returns its arguments."""
    argv, environment, folder = json.loads(case)
    out, err, _ = descriptors
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    assert isinstance(argv, list)
    return argv


def _import_the_command() -> None:
    """Everything that the verbs import, except for the screen's."""
    import importlib
    import pkgutil

    import usenetsync_tui.cli.command  # noqa: F401 - for the children
    from usenetsync_tui.cli import actions

    for module in pkgutil.walk_packages(actions.__path__, actions.__name__ + "."):
        if not module.name.endswith(".screen"):
            importlib.import_module(module.name)
    assert "textual" not in sys.modules, "it reads variables when it is imported"


def main() -> None:
    """Fork until the test's side ends."""
    import gc
    import runpy

    del sys.path[0]  # this folder
    sys.path.insert(0, os.getcwd())
    _import_the_command()
    assert threading.active_count() == 1
    gc.freeze()
    argv = _Forker(socket.socket(fileno=int(sys.argv[1]))).serve()
    if argv is not None:
        sys.argv[1:] = argv
        runpy.run_module("usenetsync_tui", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
