"""The payload of a segment: LZ4 block, XZ without a check, or the unchanged bytes.

The ledger has the codec and the length, so a payload contains neither; a payload that does not
decompress to exactly that length is damaged.
"""

from __future__ import annotations

import lzma

import lz4.block

from usenetsync_tui.errors import ArticleCorruptError
from usenetsync_tui.model.folders import Compression
from usenetsync_tui.model.segments import Codec

_XZ_PRESET = 6
_XZ_DICTIONARY, _XZ_SMALLEST = 8 << 20, 1 << 16
_SAMPLES, _SAMPLE = 3, 64 << 10
"""Samples to try before a whole segment, and the bytes of each."""
_XZ_MEMORY = 32 << 20
"""Bytes the decoder may take: the preset needs 9 MiB, but a payload can ask for 4 GiB."""


def compress(data: bytes, wanted: Compression) -> tuple[Codec, bytes]:
    """(codec, payload): compressed as wanted, or unchanged if that would not be smaller."""
    match wanted:
        case Compression.LZ4 if _is_hopeless(data):
            return Codec.NONE, data
        case Compression.LZ4:
            codec, payload = Codec.LZ4, lz4.block.compress(data, store_size=False)
        case Compression.LZMA:
            payload = lzma.compress(
                data, lzma.FORMAT_XZ, check=lzma.CHECK_NONE, filters=[_xz_filter(len(data))]
            )
            codec = Codec.LZMA
        case Compression.NONE:
            return Codec.NONE, data
    return (codec, payload) if len(payload) < len(data) else (Codec.NONE, data)


def compress_sparse(data: bytes, wanted: Compression) -> tuple[Codec, bytes]:
    """The same of a segment that is zeros in part: always tried, with LZ4 if none is wanted."""
    if wanted is Compression.LZMA:
        return compress(data, wanted)
    payload = lz4.block.compress(data, store_size=False)
    return (Codec.LZ4, payload) if len(payload) < len(data) else (Codec.NONE, data)


def compressor_memory(size: int, wanted: Compression) -> int:
    """Bytes of memory to compress a segment of `size` bytes, besides the segment itself.

    LZMA's encoder takes eleven and a half times its dictionary, and 2 MiB (xz(1), `--memlimit`).
    """
    return _dictionary(size) * 23 // 2 + (2 << 20) if wanted is Compression.LZMA else 0


def _dictionary(size: int) -> int:
    """As large as the segment, so that it covers all of it: with the preset's 8 MiB each encoder
    would take 94 MiB."""
    return min(_XZ_DICTIONARY, max(_XZ_SMALLEST, size))


def _xz_filter(size: int) -> dict[str, int]:
    return {"id": lzma.FILTER_LZMA2, "preset": _XZ_PRESET, "dict_size": _dictionary(size)}


def _is_hopeless(data: bytes) -> bool:
    """Whether LZ4, whose window is 64 KiB, shrinks neither the ends nor the middle.

    Photos, films and archives never shrink, and compressing 768 kB only to discard the result
    costs a sealed upload 4 % of its speed. The samples are tried in one call: after each call a
    thread waits for Python's lock.
    """
    if len(data) < 2 * _SAMPLES * _SAMPLE:
        return False
    view, step = memoryview(data), (len(data) - _SAMPLE) // (_SAMPLES - 1)
    samples = b"".join(view[n * step : n * step + _SAMPLE] for n in range(_SAMPLES))
    return len(lz4.block.compress(samples, store_size=False)) >= len(samples)


def decompress(payload: bytes, codec: Codec, size: int) -> bytes:
    """The `size` bytes of a segment; `ArticleCorruptError` when the payload has others."""
    try:
        match codec:
            case Codec.NONE:
                data = payload
            case Codec.LZ4:
                data = lz4.block.decompress(payload, uncompressed_size=size)
            case Codec.LZMA:
                # Bounded: a hostile payload must not decompress to gigabytes.
                decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
                data = decoder.decompress(payload, size + 1)
    except (lz4.block.LZ4BlockError, lzma.LZMAError, EOFError) as error:
        raise ArticleCorruptError(f"it does not decompress ({error})") from error
    if len(data) != size:
        raise ArticleCorruptError(f"it decompresses to {len(data)} bytes instead of {size}")
    return data
