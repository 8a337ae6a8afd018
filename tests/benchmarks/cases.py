"""Every case by its name, in the order of the table."""

from __future__ import annotations

from itertools import chain

from . import (
    deaf_clients,
    deep_trees,
    fetching,
    filters,
    find,
    first_paint,
    memory_in_flight,
    pause_seen,
    posting,
    programs,
    small_files,
)
from .contest import Case

_ALL = (
    posting.CASES,
    small_files.CASES,
    fetching.CASES,
    first_paint.CASES,
    find.CASES,
    deep_trees.CASES,
    filters.CASES,
    memory_in_flight.CASES,
    deaf_clients.CASES,
    pause_seen.CASES,
    programs.CASES,
)

CASES: dict[str, Case] = {case.name: case for case in chain.from_iterable(_ALL)}
