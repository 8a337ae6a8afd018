"""Padding: sealed payloads have few sizes, so that a size says little about the content.

Anyone who sees the articles sees their sizes. An exact size tells how well a segment compressed:
which file of a known collection it is, whether a guess next to a secret was right (CRIME), how
long the end of a file is. So the plaintext is filled up with zeros to the next size of a ladder,
and contains its true length (`sealing` says where).

The ladder begins at 1,024 bytes, and each size is 11 % above the one before, rounded down::

    1024 1136 1260 1398 1551 1721 1910 2120 2353 2611 2898 3216 … 657797 730154 810470 …

65 sizes up to the default segment of 768,000 bytes. With the 4 bytes of the length an article is
at most 12 % larger than without padding, from 1,024 bytes on; a smaller one takes 1,024 bytes. A
pack of small files is one payload, so this cost comes once for a pack, not once for a file.

A full segment that does not compress is as long as all other such segments, and needs no more
padding: the ladder ends at the size of a full segment (`most`). So data that does not compress,
such as photos and films, costs only 4 bytes a segment.

    plaintext    padded to, where a full segment has 768,005
            5      1,024
        1,024      1,024
        1,025      1,136
       50,005     53,750
      700,000    730,154
      730,155    768,005   the next size of the ladder would be 810,470
      768,005    768,005

Sizes are those of the whole plaintext: codec byte, length and payload.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate, repeat

SMALLEST = 1024
"""The first size of the ladder, in bytes."""

_HIGHEST = 128 << 20
"""The end of the ladder in bytes: twice the largest possible segment."""


def _ladder() -> tuple[int, ...]:
    sizes = accumulate(repeat(111), lambda size, percent: size * percent // 100, initial=SMALLEST)
    found = []
    for size in sizes:
        found.append(size)
        if size >= _HIGHEST:
            return tuple(found)
    raise AssertionError("it has no end")


LADDER = _ladder()


def padded_size(size: int, most: int) -> int:
    """The padded size of a plaintext of `size` bytes, where a full segment has `most`.

    A plaintext longer than a full segment, cut under earlier settings, gets no padding.
    """
    if size >= most:
        return size
    return min(LADDER[bisect_left(LADDER, size)], most)
