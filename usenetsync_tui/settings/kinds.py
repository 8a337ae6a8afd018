"""Kinds of values that several settings have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

YEAR = 365 * 86_400
"""Seconds; nothing here takes longer."""


def _not_empty(path: Path | None) -> Path | None:
    if path == Path():  # what pydantic makes of an empty text
        raise ValueError
    return path


Seconds = Annotated[float, Field(ge=0, le=YEAR, allow_inf_nan=False)]
FilePath = Annotated[
    Path | None, AfterValidator(_not_empty), Field(description="the path of a file, and not empty")
]
