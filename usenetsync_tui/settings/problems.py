"""Sentences about problems of settings, in words that a user understands.

Knows how to describe a field of a model: "a whole number from 1 to 256". Refuses to know which
fields exist. Never quotes a value, except a number where a number belongs: a value in the wrong
place may be a password.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from usenetsync_tui.model.text.nearest import did_you_mean
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object

_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"),
    ((int, float), "a number"),
    (str, "text"),
    (list, "a list"),
    (Mapping, "a table"),
)
_OTHER_WORDS = {
    **dict.fromkeys(("ssl", "use_ssl", "use_tls", "secure", "starttls"), "tls"),
    **dict.fromkeys(("server", "hostname", "address", "url"), "host"),
    **dict.fromkeys(("threads", "conns", "maxconnections", "max_connections"), "connections"),
    **dict.fromkeys(("pass", "passwd"), "password"),
    **dict.fromkeys(("user", "login", "account"), "username"),
    **dict.fromkeys(("ssl_verify", "verify_ssl", "verify", "insecure", "tls_verify"), "verify_tls"),
    **dict.fromkeys(("socks", "socks5", "socks_proxy", "proxy_url"), "proxy"),
    **dict.fromkeys(("ipv4", "ipv6", "family", "ip_version", "prefer_ipv6"), "address_family"),
    **dict.fromkeys(("download_limit", "receive_limit"), "fetch_limit"),
    **dict.fromkeys(("upload_limit", "rate_limit"), "bandwidth_limit"),
}
"""Names that other programs use for the keys of a server."""
_EXPLAINED = ("tls", "verify_tls", "address_family", "fetch_limit", "bandwidth_limit")
"""Keys whose values are hard to guess: a suggestion also says what they must be."""
_ONLY_AGAINST_OVERFLOW = 1 << 40
"""Limits from this on only keep sums from overflowing: sentences leave them out."""


@value_object
class SettingProblem:
    """A problem of one setting."""

    key: str
    """The key at the top level of the settings."""
    words: str


def wrong_kinds(
    model: type[BaseModel], values: Mapping[str, Any], table: str = ""
) -> list[SettingProblem]:
    """Values whose type is not the field's: text for a number, a list for a name.

    pydantic accepts more: true for 1. `table`: the name of this table in a list of tables.
    """
    place = f" of {table}" if table else ""
    found = []
    for key, value in values.items():
        field = model.model_fields.get(key)
        if field is None:
            continue
        if isinstance(value, Mapping) and _tables(field) is not None:
            found.append(SettingProblem(key, f"write [[{key}]], with two brackets."))
        elif not _is_of_kind(field.annotation, value):
            seen = _seen(field, value)
            found.append(
                SettingProblem(key, f"{key}{place} must be {_expected(field)}; it is {seen}.")
            )
        elif isinstance(value, list) and (entry := _entry(field)) and _tables(field) is None:
            found += [
                SettingProblem(
                    key, f"entry {n} of {key}{place} must be {_expected(entry)}; it is {seen}."
                )
                for n, one in enumerate(value, 1)
                if not _is_of_kind(entry.annotation, one) and (seen := _seen(entry, one))
            ]
    return found


def problems(
    error: ValidationError, model: type[BaseModel], values: Mapping[str, Any]
) -> list[SettingProblem]:
    """The problems behind a `ValidationError` of `model` for these values."""
    found: Sequence[Mapping[str, Any]] = error.errors(include_url=False, include_input=False)
    return [
        SettingProblem(str(p["loc"][0]) if p["loc"] else "", _sentence(p, model, values))
        for p in found
    ]


def _sentence(problem: Mapping[str, Any], model: type[BaseModel], values: Any) -> str:
    """The sentence of one pydantic error; its `loc` is the path through tables and lists."""
    place, fields, field = "", model, None
    outer: type[BaseModel] | None = None
    name, value = "", values
    for step in problem["loc"]:
        if isinstance(step, int):
            value = value[step] if isinstance(value, Sequence) and step < len(value) else None
            inner = _tables(field) if field is not None else None
            if inner is None:
                name, field = f"entry {step + 1} of {name}", _entry(field)
            else:
                place, outer, fields = f" of {called(name, step, value)}", fields, inner
                name = ""
            continue
        if name:  # a table in which any key is allowed
            name = f"{name}.{step}"
            field = _entry(field)
        else:
            name = str(step)
            field = fields.model_fields.get(name)
        value = value.get(step) if isinstance(value, Mapping) else None
    if problem["type"] == "extra_forbidden":
        return f'unknown key "{safe_name(name)}"{place}.{_belongs(name, fields, outer)}'
    if problem["type"] == "missing":
        return f"{name}{place} is missing."
    if problem["type"] == "value_error" and (field is None or not field.description):
        return _about(f"{name}{place}".removeprefix(" of "), str(problem["ctx"]["error"]))
    if field is None or not name:
        where = f"{name}{place}" if name else place.removeprefix(" of ")
        return f"{where} must be a table; it is {_kind(value)}."
    seen = f"; it is {_seen(field, value)}" if _seen(field, value) else ""
    return f"{name}{place} must be {_expected(field)}{seen}.{_near(field, value)}"


def _about(key: str, words: str) -> str:
    """The words with the key before them, unless they already name it."""
    if words.startswith("must "):
        return f"{key} {words}."
    if words[:1].islower():
        return f"{key}: {words}."
    return words if key in words else f"{key}: {words}"


def called(name: str, number: int, value: object) -> str:
    """The name of a table in a list: by its key ``name`` if it has one, else by its number."""
    own = value.get("name") if isinstance(value, Mapping) else None
    return f'[[{name}]] "{safe_name(own)}"' if isinstance(own, str) else f"[[{name}]] {number + 1}"


def _belongs(name: str, fields: type[BaseModel], outer: type[BaseModel] | None) -> str:
    """A suggestion for an unknown key; empty: none."""
    if outer is not None and name in outer.model_fields:
        return f' "{name}" belongs above the first table in double brackets.'
    other = _OTHER_WORDS.get(name.casefold(), "")
    if other in fields.model_fields:
        return f' Did you mean "{other}"?' + (
            f" It is {_expected(fields.model_fields[other])}." if other in _EXPLAINED else ""
        )
    if near := did_you_mean(name, fields.model_fields):
        return near
    for key, field in fields.model_fields.items():
        inner = _tables(field)
        if inner is not None and name in inner.model_fields:
            return f' "{name}" belongs in a [[{key}]] table.'
    return ""


def _near(field: FieldInfo, value: object) -> str:
    kind = _plain(field.annotation)
    if isinstance(kind, type) and issubclass(kind, Enum) and isinstance(value, str):
        return did_you_mean(value, [str(member.value) for member in kind])
    return ""


def _seen(field: FieldInfo, value: object) -> str:
    """The kind of the value found, or the number itself where a number belongs."""
    if value is None:
        return ""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and _plain(field.annotation) in (int, float):
        return f"{value}" if len(str(value)) < 30 else "too large"
    return "" if _is_of_kind(field.annotation, value) else _kind(value)


def _kind(value: object) -> str:
    return next((words for kind, words in _KINDS if isinstance(value, kind)), "a date or time")


def _is_of_kind(annotation: Any, value: object) -> bool:
    kind = _plain(annotation)
    if typing.get_origin(kind) is list or kind is list:
        return isinstance(value, list)
    if typing.get_origin(kind) is dict or kind is dict:
        return isinstance(value, Mapping)
    if kind is bool:
        return isinstance(value, bool)
    if kind is int or kind is float:
        allowed = int if kind is int else (int, float)
        return isinstance(value, allowed) and not isinstance(value, bool)
    return isinstance(value, str | Path | SecretStr | Enum)


def _plain(annotation: Any) -> Any:
    """The type without None and without its annotations."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _plain(typing.get_args(annotation)[0])
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return _plain(next(a for a in typing.get_args(annotation) if a is not types.NoneType))
    return annotation


def _tables(field: FieldInfo) -> type[BaseModel] | None:
    """The model of the tables in a list of tables; None for another field."""
    inner = typing.get_args(_plain(field.annotation))
    is_model = inner and isinstance(inner[0], type) and issubclass(inner[0], BaseModel)
    return inner[0] if is_model else None


def _entry(field: FieldInfo | None) -> FieldInfo | None:
    """The field of the entries of a list or table; None for another field."""
    inner = typing.get_args(_plain(field.annotation)) if field is not None else ()
    return FieldInfo.from_annotation(inner[-1]) if inner else None


def _expected(field: FieldInfo) -> str:
    """A description of the expected value, to follow "… must be"."""
    if field.description:
        return field.description
    kind = _plain(field.annotation)
    if kind is int or kind is float:
        return ("a whole number" if kind is int else "a number") + _range(field)
    if kind is bool:
        return "true or false"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "one of " + ", ".join(f'"{member.value}"' for member in kind)
    if _tables(field) is not None:
        return "a list of tables"
    if typing.get_origin(kind) is list:
        entry = _entry(field)
        assert entry is not None
        return f"a list, each entry {_expected(entry)}" + (
            ", and not empty" if any(True for _ in _limits(field, "min_length")) else ""
        )
    return "a table" if typing.get_origin(kind) is dict else "text"


def _range(field: FieldInfo) -> str:
    least = next(_limits(field, "ge"), None)
    most = next((limit for limit in _limits(field, "le") if limit < _ONLY_AGAINST_OVERFLOW), None)
    above = next(_limits(field, "gt"), None)
    if least is not None and most is not None:
        return f" from {least} to {most}"
    if above is not None:
        return f" above {above}" + (f", {most} at most" if most is not None else "")
    if least is not None:
        return f" of {least} or more"
    return f" of {most} or less" if most is not None else ""


def _limits(field: FieldInfo, name: str) -> Iterator[Any]:
    """The annotated limits of this name on a field (`annotated_types`)."""
    for rule in field.metadata:
        if (limit := getattr(rule, name, None)) is not None:
            yield limit
