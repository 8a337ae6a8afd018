"""The systemd unit that `usenetsync serve --unit` prints. Pure.

Hardening that would change what is backed up or restored is left out, and the unit says so.
"""

from __future__ import annotations

from usenetsync_tui.model.value_object import value_object

_HEAD = """\
# {path}
# Written by: {command} --unit
[Unit]
Description=UsenetSync: versions of folders on Usenet
{after}
[Service]
Type=notify
NotifyAccess=main
ExecStart={command}
ExecReload=kill -HUP $MAINPID
{environment}Restart=on-failure
RestartSec=10
WatchdogSec=60
TimeoutStopSec=90
# Only the engine gets SIGTERM: it stops its database itself, after its last article.
KillMode=mixed
SuccessExitStatus=130
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
"""
_SYSTEM = """\
# /usr, /boot and /etc cannot be written: restore to other places. Without this line for a backup of
# / itself, where these three would count as mount points.
ProtectSystem=full
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
# Read every file, restore it with owner, mode and attributes, run PostgreSQL as another user.
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID \
CAP_KILL CAP_MKNOD CAP_SETFCAP CAP_SETGID CAP_SETUID
# The system user of the embedded PostgreSQL must be there before, since /etc is read-only here:
# any command that opens the catalogue makes it, for example: usenetsync db status
#
# Not used, and why:
# ProtectSystem=strict, ProtectHome, ReadOnlyPaths: a restore writes wherever it is asked to.
# PrivateTmp, PrivateDevices, ProtectKernelModules, ProtectProc: they hide files from a backup, and
#   from commands the socket of the database.
# RestrictSUIDSGID: a restore brings set-user-id bits back, together with their owner.
# MemoryDenyWriteExecute: PostgreSQL compiles queries, and Python's ctypes calls back.
# SystemCallFilter: PostgreSQL and Python change what they call from version to version.
# PrivateUsers, User=: files of other users could not be read, nor be given back to their owners.
"""
_USER = """\
# Not used in a user's unit: ProtectSystem, ProtectHome, ProtectKernel…, CapabilityBoundingSet. They
# need rights that a user's systemd does not have, or hide your own files from the backup.
"""
_TAIL = """\

[Install]
WantedBy={target}
"""
_PERCENT_AND_DOLLAR = str.maketrans({"%": "%%", "$": "$$"})


@value_object
class Unit:
    """What the unit depends on."""

    command: tuple[str, ...]
    """The program and its arguments, the first one an absolute path."""
    home: str
    """USENETSYNC_HOME; empty: not set."""
    is_system: bool
    """Whether root's systemd runs it; else a user's."""

    @property
    def text(self) -> str:
        """The whole file."""
        folder = "/etc/systemd/system" if self.is_system else "~/.config/systemd/user"
        network = "Wants=network-online.target\nAfter=network-online.target postgresql.service\n"
        environment = f"USENETSYNC_HOME={self.home}"
        head = _HEAD.format(
            path=f"{folder}/usenetsync.service",
            command=" ".join(_quoted(word.translate(_PERCENT_AND_DOLLAR)) for word in self.command),
            after=network if self.is_system else "",
            environment=f"Environment={_quoted(environment.replace('%', '%%'))}\n"
            if self.home
            else "",
        )
        target = "multi-user.target" if self.is_system else "default.target"
        return head + (_SYSTEM if self.is_system else _USER) + _TAIL.format(target=target)


def _quoted(word: str) -> str:
    """A word as systemd.syntax(7) reads it."""
    if word and all(c.isalnum() or c in "/._-+:@=,%$" for c in word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
