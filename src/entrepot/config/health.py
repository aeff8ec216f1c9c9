"""The section ``health``: what is checked, how often, and how patiently."""

from dataclasses import dataclass, field
from typing import Annotated

from entrepot.config.addresses import HostAndPort, Url
from entrepot.config.fields import Headers, PositiveSeconds, ReadBy, Switch, Text, at_least

_INTERVAL = 10.0
_TIMEOUT = 5.0


def _timeout(value: object) -> float:
    from entrepot.config.durations import parse_duration

    # Zero means no limit to Docker Registry; a check that may hang for ever reports nothing.
    return parse_duration(value) or _TIMEOUT


def _threshold(value: object) -> int:
    return max(1, int(at_least(0).read(value)))


Threshold = Annotated[int, ReadBy(_threshold)]
Timeout = Annotated[float, ReadBy(_timeout)]


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageCheckSettings:
    """``health.storagedriver``: whether the storage answers.

    Args:
        enabled: check it.
        interval: seconds between two checks.
        threshold: failures in a row that make the registry unhealthy.
    """

    enabled: Switch = False
    interval: PositiveSeconds = _INTERVAL
    threshold: Threshold = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCheckSettings:
    """One of ``health.file``: unhealthy while a file exists.

    Args:
        file: its path.
        interval: seconds between two checks.
        threshold: failures in a row that make the registry unhealthy.
    """

    file: Text
    interval: PositiveSeconds = _INTERVAL
    threshold: Threshold = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCheckSettings:
    """One of ``health.http``: unhealthy unless a HEAD request is answered as it should.

    Args:
        uri: what is asked.
        headers: what is sent with it.
        statuscode: the answer that is healthy.
        timeout: seconds for the whole request.
        interval: seconds between two checks.
        threshold: failures in a row that make the registry unhealthy.
    """

    uri: Url
    headers: Headers = field(default_factory=dict, repr=False)
    statuscode: Annotated[int, at_least(100)] = 200
    timeout: Timeout = _TIMEOUT
    interval: PositiveSeconds = _INTERVAL
    threshold: Threshold = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpCheckSettings:
    """One of ``health.tcp``: unhealthy unless a connection opens.

    Args:
        addr: HOST:PORT.
        timeout: seconds for the connection to open.
        interval: seconds between two checks.
        threshold: failures in a row that make the registry unhealthy.
    """

    addr: HostAndPort
    timeout: Timeout = _TIMEOUT
    interval: PositiveSeconds = _INTERVAL
    threshold: Threshold = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthSettings:
    """``health``."""

    storagedriver: StorageCheckSettings = field(default_factory=StorageCheckSettings)
    file: tuple[FileCheckSettings, ...] = ()
    http: tuple[HttpCheckSettings, ...] = ()
    tcp: tuple[TcpCheckSettings, ...] = ()
