"""The key of a path: what rows of the catalogue are sorted and found by.

A path is its own key, unless a b-tree of PostgreSQL could not hold it (an entry ends at 2,704
bytes): the key of such a path is its head and its digest.
"""

from __future__ import annotations

import hashlib

KEY_HEAD = 1_800
"""Bytes of a path that its key begins with; a path that is no longer is its key."""


def path_key(path: bytes) -> bytes:
    """The key of a path: itself, or its first `KEY_HEAD` bytes and its SHA-256."""
    if len(path) <= KEY_HEAD:
        return path
    return path[:KEY_HEAD] + hashlib.sha256(path).digest()


def key_head(path: bytes) -> bytes:
    """What a path and its key have in common: all of a short one."""
    return path[:KEY_HEAD]


def key_tail(path: bytes) -> bytes:
    """What sorts paths that share a head: nothing of a short one, the digest of a long one."""
    return path_key(path)[KEY_HEAD:]
