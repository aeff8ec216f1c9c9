"""The section ``access.token``: Entrepot's own token server."""

from dataclasses import dataclass
from typing import Annotated

from entrepot.config.addresses import Url
from entrepot.config.durations import parse_duration
from entrepot.config.fields import ReadBy, Switch, Text

_MINUTE = 60.0
_DAY = 24 * 60 * _MINUTE


def _between(low: float, high: float, example: str) -> ReadBy:
    def read(value: object) -> float:
        seconds = parse_duration(value)
        if not low <= seconds <= high:
            raise ValueError(f"a duration such as {example}, from {low:g} s to {high:g} s")
        return seconds

    return ReadBy(read)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenServerSettings:
    """``access.token``.

    Args:
        enabled: whether clients are sent to the token server; else they use Basic alone.
        realm: the URL where clients ask for tokens; None takes the host of each request.
        service: what tokens are for: their ``aud``.
        issuer: who makes them, their ``iss``.
        services: other registries that trust this one, and for which tokens are made, too.
        lifetime: seconds that an access token is good for; clients expect no less than a minute.
        rotation: seconds that a key signs.
        refreshlifetime: seconds that a refresh token is good for after its last use.
    """

    enabled: Switch = True
    realm: Url | None = None
    service: Text = "entrepot"
    issuer: Text = "entrepot"
    services: tuple[Text, ...] = ()
    lifetime: Annotated[float, _between(_MINUTE, 60 * _MINUTE, "5m")] = 5 * _MINUTE
    rotation: Annotated[float, _between(60 * _MINUTE, 366 * _DAY, "720h")] = 30 * _DAY
    refreshlifetime: Annotated[float, _between(_MINUTE, 3660 * _DAY, "2160h")] = 90 * _DAY
