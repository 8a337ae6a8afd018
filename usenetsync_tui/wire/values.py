"""Turns the values of `model` into plain JSON values and back, with pydantic.

Bytes (names of files) become text in which an undecodable byte ``0xNN`` is the surrogate
``\\udcNN`` (PEP 383). A `Secret` is written as it is only with `reveal`. Knows no frame.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import CoreSchema, SchemaSerializer, SchemaValidator, core_schema

from usenetsync_tui.model.secret import REVEAL

T = TypeVar("T")
Plain = Any
"""What `json` reads and writes."""


class FrameError(Exception):
    """What came over the wire is not what the protocol says."""


class ValueFormat(Generic[T]):
    """Writes and reads values of one type."""

    def __init__(self, kind: Any) -> None:
        """`kind`: a class, or a type such as ``tuple[Event, ...]``."""
        schema: CoreSchema = _with_bytes_as_text(TypeAdapter(kind).core_schema)
        self._validator = SchemaValidator(schema)
        self._serializer = SchemaSerializer(schema)

    def plain(self, value: T, *, reveal: bool = False) -> Plain:
        """The value for `json`; `reveal` writes secrets as they are."""
        context = REVEAL if reveal else None
        return self._serializer.to_python(value, mode="json", context=context)

    def value(self, plain: Plain) -> T:
        """The value that was written. Raises `FrameError`."""
        try:
            read: T = self._validator.validate_python(plain)
        except ValidationError as error:
            # Without the input: it may hold a secret.
            raise FrameError(str(error.errors(include_input=False, include_url=False))) from None
        return read


@cache
def format_of(kind: Any) -> ValueFormat[Any]:
    """The format of a type, made once."""
    return ValueFormat(kind)


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _encoded(text: object) -> bytes:
    if isinstance(text, str):
        return text.encode("utf-8", "surrogateescape")
    raise ValueError("a name must be text")


_BYTES_AS_TEXT = core_schema.no_info_plain_validator_function(
    _encoded, serialization=core_schema.plain_serializer_function_ser_schema(_decoded)
)


def _with_bytes_as_text(schema: Any) -> Any:
    """A schema whose bytes are text: pydantic's own way knows no surrogate escapes."""
    if isinstance(schema, dict):
        if schema.get("type") == "bytes":
            return _BYTES_AS_TEXT
        return {key: _with_bytes_as_text(part) for key, part in schema.items()}
    if type(schema) in (list, tuple):
        return type(schema)(map(_with_bytes_as_text, schema))
    return schema
