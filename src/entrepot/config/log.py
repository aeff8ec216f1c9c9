"""The section ``log``: what is written to the log, and how."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from entrepot.config.fields import ReadBy, Switch, one_of


def _fields(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError("a mapping from field names to values")
    return dict(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLogSettings:
    """``log.accesslog``: one line a request.

    Args:
        disabled: no access log at all.
    """

    disabled: Switch = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """``log``.

    Args:
        level: ``error``, ``warn``, ``info`` or ``debug``.
        formatter: ``text``, ``json`` or ``logstash``.
        fields: what is added to every line.
        accesslog: one line a request.
    """

    level: Annotated[str, one_of("error", "warn", "info", "debug")] = "info"
    formatter: Annotated[str, one_of("text", "json", "logstash")] = "text"
    fields: Annotated[Mapping[str, Any], ReadBy(_fields)] = field(default_factory=dict)
    accesslog: AccessLogSettings = field(default_factory=AccessLogSettings)
