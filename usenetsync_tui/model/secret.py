"""A string that is not shown by accident."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, SupportsIndex

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

_MASK = "'***'"
MASKED = "***"
REVEAL: Any = {"reveal": "secrets"}
"""The context in which pydantic writes secrets as they are: only to the window that needs them."""


class Secret(str):
    """A password: an ordinary string, but its repr and the repr of its slices are masked.

    So it does not appear in the repr of an object that holds it, in a traceback with locals, or
    where an object is logged.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return _MASK if self else "''"

    def __getitem__(self, key: SupportsIndex | slice) -> Secret:
        return Secret(super().__getitem__(key))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> CoreSchema:
        """How pydantic reads and writes it: masked, unless the writer's context says `REVEAL`."""
        from pydantic_core import core_schema

        def written(secret: Secret, info: core_schema.SerializationInfo) -> str:
            if info.context == REVEAL:
                return str.__str__(secret)
            return MASKED if secret else ""

        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.str_schema(),
            serialization=core_schema.plain_serializer_function_ser_schema(
                written, info_arg=True, return_schema=core_schema.str_schema()
            ),
        )
