"""Types of values that several settings share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

YEAR = 365 * 86_400
"""Seconds: the largest time that a setting accepts."""


def _not_empty(path: Path | None) -> Path | None:
    if path == Path():  # pydantic turns an empty text into this
        raise ValueError
    return path


Seconds = Annotated[float, Field(ge=0, le=YEAR, allow_inf_nan=False)]
FilePath = Annotated[
    Path | None, AfterValidator(_not_empty), Field(description="the path of a file, and not empty")
]
