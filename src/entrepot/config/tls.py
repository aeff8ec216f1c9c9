"""The section ``http.tls``."""

from dataclasses import dataclass
from typing import Annotated

from entrepot.config.fields import ReadBy, Text


def _minimum(value: object) -> str:
    if isinstance(value, str) and value.lower() in ("tls1.2", "tls1.3"):
        return value.lower()
    raise ValueError("tls1.2 or tls1.3 (older versions are broken, and not offered)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """``http.tls``.

    Args:
        certificate: the file of the certificate and its chain, PEM.
        key: the file of its private key, PEM.
        minimumtls: ``tls1.2`` or ``tls1.3``.
    """

    certificate: Text | None = None
    key: Text | None = None
    minimumtls: Annotated[str, ReadBy(_minimum)] = "tls1.2"

    @property
    def enabled(self) -> bool:
        """Whether the registry itself speaks TLS."""
        return self.certificate is not None and self.key is not None
