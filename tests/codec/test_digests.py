"""Digests: the vectors of the docstring, made again by hand, and what must not be mixed up."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st
from trees import content

from usenetsync_tui.codec import digests
from usenetsync_tui.codec.digests import (
    DIGEST_SIZE,
    SegmentsDigest,
    digest_of,
    file_digester,
    new_digester,
)
from usenetsync_tui.model.digests import (
    DigestAlgorithm,
    DigestKind,
    FileDigest,
    file_digest,
    kind_of,
)

HASHES: dict[DigestAlgorithm, Callable[[bytes], bytes]] = {
    DigestAlgorithm.SHA256: lambda data: hashlib.sha256(data).digest(),
    DigestAlgorithm.BLAKE3: lambda data: blake3(data).digest(),
}
BOTH = pytest.mark.parametrize("algorithm", DigestAlgorithm)
ALPHABET = b"abcdefghij"
KNOWN = {
    # Published vectors: "abc" of FIPS 180-4, and the one of length 0 of BLAKE3.
    (DigestAlgorithm.SHA256, b"abc"): (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    ),
    (DigestAlgorithm.BLAKE3, b""): (
        "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    ),
}


def by_hand(algorithm: DigestAlgorithm, data: bytes, step: int) -> bytes:
    """As the docstring says it, and without the code that is tested."""
    made = HASHES[algorithm]
    head = b"usenetsync: file of segments, 1\0" + struct.pack(">QQ", len(data), step)
    cut = [data[at : at + step] for at in range(0, len(data), step)]
    return made(head + b"".join(map(made, cut)))


def written_down(algorithm: str) -> list[str]:
    """The digests in the docstring, in its order."""
    told = digests.__doc__ or ""
    block = told.partition("Test vectors")[2]
    begin = block.index(algorithm)
    end = block.find("BLAKE3" if algorithm == "SHA-256" else "The same file", begin + 1)
    last = block.partition("The same file")[2]
    (whole,) = re.findall(rf"{algorithm} +file +([0-9a-f]{{64}})", last)
    return [*re.findall(r"\b[0-9a-f]{64}\b", block[begin:end]), whole]


@pytest.mark.parametrize(
    ("algorithm", "name"),
    [(DigestAlgorithm.SHA256, "SHA-256"), (DigestAlgorithm.BLAKE3, "BLAKE3")],
)
def test_the_vectors_of_the_docstring(algorithm: DigestAlgorithm, name: str) -> None:
    segments = [ALPHABET[:4], ALPHABET[4:8], ALPHABET[8:]]
    made = [digest_of(algorithm, part) for part in segments]
    for step, parts in ((4, segments), (10, [ALPHABET])):
        whole = SegmentsDigest(algorithm, 10, step)
        for part in parts:
            assert whole.digest() is None
            whole.add(digest_of(algorithm, part))
        digest = whole.digest()
        assert digest == by_hand(algorithm, ALPHABET, step)
        made.append(digest)
    assert [digest.hex() for digest in made] == written_down(name)


@pytest.mark.parametrize(("what", "digest"), KNOWN.items())
def test_the_hash_functions_are_those_of_their_names(
    what: tuple[DigestAlgorithm, bytes], digest: str
) -> None:
    algorithm, data = what
    assert digest_of(algorithm, data).hex() == digest
    piecewise = new_digester(algorithm)
    for byte in data:
        piecewise.update(bytes([byte]))
    assert piecewise.digest().hex() == digest


@given(
    algorithm=st.sampled_from(DigestAlgorithm),
    size=st.integers(1, 300),
    step=st.integers(1, 70),
    pieces=st.lists(st.integers(0, 90), max_size=8),
)
def test_a_file_read_in_any_pieces_has_the_digest_of_its_segments(
    algorithm: DigestAlgorithm, size: int, step: int, pieces: list[int]
) -> None:
    data, at = content(size, step), 0
    digester = file_digester(kind_of(algorithm, of_segments=True), size, step)
    for piece in [*pieces, size]:
        assert at == size or digester.digest() == b"", "not all bytes are here"
        digester.update(memoryview(data)[at : at + piece])
        at = min(size, at + piece)
    assert digester.digest() == by_hand(algorithm, data, step)
    digester.update(b"x")
    assert digester.digest() == b"", "one byte too many"
    whole = file_digester(kind_of(algorithm, of_segments=False), size, step)
    whole.update(data)
    assert whole.digest() == HASHES[algorithm](data)


@BOTH
def test_other_bytes_orders_and_sizes_have_other_digests(algorithm: DigestAlgorithm) -> None:
    data = content(1_000, 1)
    cut = [data[at : at + 100] for at in range(0, 1_000, 100)]
    others = [
        data[:-1],
        data + b"\0",
        b"".join([cut[1], cut[0], *cut[2:]]),
        b"".join([*cut[:-2], cut[-1], cut[-2]]),
        *(bytes([*data[:at], data[at] ^ 1, *data[at + 1 :]]) for at in (0, 99, 100, 512, 999)),
    ]
    made = {by_hand(algorithm, each, 100) for each in [data, *others]}
    made |= {by_hand(algorithm, data, step) for step in (99, 101, 500, 1_000, 1_001)}
    made |= {HASHES[algorithm](data), HASHES[algorithm](b"".join(map(HASHES[algorithm], cut)))}
    assert len(made) == 1 + len(others) + 5 + 2


@BOTH
def test_what_is_no_file_of_segments_is_refused(algorithm: DigestAlgorithm) -> None:
    for size, step in ((0, 1), (1, 0), (-1, 7), (7, -1)):
        with pytest.raises(ValueError, match="at least one byte"):
            SegmentsDigest(algorithm, size, step)
    whole = SegmentsDigest(algorithm, 10, 5)
    for wrong in (b"", bytes(31), bytes(33)):
        with pytest.raises(ValueError, match="not one of the file's segments"):
            whole.add(wrong)
    whole.add(bytes(DIGEST_SIZE))
    whole.add(bytes(DIGEST_SIZE))
    with pytest.raises(ValueError, match="not one of the file's segments"):
        whole.add(bytes(DIGEST_SIZE))


def test_the_words_for_each_kind() -> None:
    """They stand in the output of commands: programs read them."""
    assert [kind.word for kind in DigestKind] == [
        "sha256",
        "blake3",
        "segments-sha256",
        "segments-blake3",
    ]
    for kind in DigestKind:
        assert kind_of(kind.algorithm, of_segments=kind.is_of_segments) is kind
        assert str(FileDigest(kind, b"\xab" * 32)) == f"{kind.word}:{'ab' * 32}"
    assert file_digest(None, b"d") == FileDigest(DigestKind.SHA256, b"d")
    assert file_digest(3, None) is None
