"""racy: whether a file could change once more without its times showing it.

A file that is written in the tick of its file system's clock in which it was read has the times
it had before: nothing tells the two contents apart. So a file whose mtime or ctime is not older
than the moment its reading began is read again next time (git's rule for its index).

How long a tick is, the times themselves say. Whole tenths of a second are those of a coarse
clock (FAT 2 s; ext4 with 128-byte inodes, HFS+ and SFTP 1 s), other whole milliseconds those of
one that ticks at least every 50 ms (exFAT 10 ms). Where there are finer fractions the kernel's own
tick remains: 1 to 10 ms. Refuses to know what is done about it.

File times are wall-clock times, so they are compared with the wall clock. Where that was set
back, or is behind a file server's, times lie in the future: they are racy as long as they do,
which costs another read and loses nothing. A server whose clock is behind ours *and* ticks in
seconds can hide a change within such a tick; no times can show it.
"""

from __future__ import annotations

COARSE_NS = 2_050_000_000
"""The longest tick there is, two seconds, and the kernel's own with room to spare."""
_MIDDLE_NS = 100_000_000
_FINE_NS = 20_000_000
_DAY_NS = 86_400_000_000_000


def is_racy(mtime_ns: int, ctime_ns: int, began_ns: int) -> bool:
    """Whether a file of these times, read from `began_ns` on, is to be read again.

    An mtime more than a day ahead was set by hand, for the ctime is older: what is written
    afterwards moves both.
    """
    return ctime_ns >= began_ns - _tick(ctime_ns) or (
        began_ns - _tick(mtime_ns) <= mtime_ns <= began_ns + _DAY_NS
    )


def _tick(time_ns: int) -> int:
    if time_ns % 1_000_000:
        return _FINE_NS
    return _MIDDLE_NS if time_ns % 100_000_000 else COARSE_NS
