"""racy: whether a file could change again without a change of its times.

If a program writes a file in the same tick of the file system's clock in which we read it, its
times stay the same and cannot tell the two contents apart. So the next upload reads a file again
if its mtime or ctime is not older than the moment its reading began (git's rule for its index).

The times themselves show the length of a tick. Whole tenths of a second come from a coarse clock
(FAT 2 s; ext4 with 128-byte inodes, HFS+ and SFTP 1 s), other whole milliseconds from one that
ticks at least every 50 ms (exFAT 10 ms). With finer fractions only the kernel's own tick counts:
1 to 10 ms. Refuses to know what the caller does about it.

File times are wall-clock times, so this module compares them with the wall clock. If that was set
back, or is behind a file server's, times are in the future: they are racy until they are past,
which costs another read and loses nothing. A server whose clock is behind ours *and* ticks in
seconds can hide a change within such a tick; no times can show it.
"""

from __future__ import annotations

MAPPED_NS = 60_000_000_000
"""Longer than the kernel leaves a page of a file unwritten: it does so after 30 s (proc_sys_vm(5),
dirty_expire_centisecs), looking every 5 s."""
COARSE_NS = 2_050_000_000
"""The longest tick of a file system, two seconds, plus the kernel's own with a margin."""
_MIDDLE_NS = 100_000_000
_FINE_NS = 20_000_000
_DAY_NS = 86_400_000_000_000


def is_racy(mtime_ns: int, ctime_ns: int, began_ns: int) -> bool:
    """Whether to read a file with these times again, if its reading began at `began_ns`.

    An mtime more than a day in the future with an older ctime was set by hand: a later write
    changes both.
    """
    return ctime_ns >= began_ns - _tick(ctime_ns) or (
        began_ns - _tick(mtime_ns) <= mtime_ns <= began_ns + _DAY_NS
    )


def is_settled(mtime_ns: int, ctime_ns: int, began_ns: int) -> bool:
    """Whether the same times later prove the same content as at `began_ns`.

    A program that has mapped a file changes its times with the first write to a page, and not again
    until the kernel has written that page back. So a file that changed shortly before may change
    once more without a trace.
    """
    return not is_racy(mtime_ns, ctime_ns, began_ns - MAPPED_NS)


def _tick(time_ns: int) -> int:
    if time_ns % 1_000_000:
        return _FINE_NS
    return _MIDDLE_NS if time_ns % 100_000_000 else COARSE_NS
