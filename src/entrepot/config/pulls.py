"""The section ``pulls``, Entrepot's own: when manifests were last pulled."""

from dataclasses import dataclass

from entrepot.config.fields import PositiveSeconds, Switch


@dataclass(frozen=True, slots=True, kw_only=True)
class PullsSettings:
    """``pulls``.

    Args:
        enabled: write down when each manifest was last pulled.
        interval: seconds between two writes; a crash loses the pulls since the last one.
    """

    enabled: Switch = True
    interval: PositiveSeconds = 60.0
