"""``http.tls.ciphersuites``: names as Go has them, and which of them are ever served.

The TLS library (rustls) has nine suites and no switch for them. So a list cannot choose; it can
only be found to allow what is served anyway, or not to.
"""

from collections.abc import Iterable
from typing import Annotated

from entrepot.config.fields import ReadBy

TLS13_SUITES = (
    "TLS_AES_256_GCM_SHA384",
    "TLS_AES_128_GCM_SHA256",
    "TLS_CHACHA20_POLY1305_SHA256",
)
_TLS12_CIPHERS = ("AES_256_GCM_SHA384", "AES_128_GCM_SHA256", "CHACHA20_POLY1305_SHA256")
# Docker Registry knows these, too; they are weak, and no list brings them back.
_WEAK_SUITES = (
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
)


def tls12_suites(key_kind: str) -> tuple[str, ...]:
    """Name the suites that TLS 1.2 is served with.

    Args:
        key_kind: of the certificate's key: ``RSA`` or ``ECDSA`` (also for Ed25519).
    """
    return tuple(f"TLS_ECDHE_{key_kind}_WITH_{cipher}" for cipher in _TLS12_CIPHERS)


_KNOWN = frozenset((*TLS13_SUITES, *tls12_suites("RSA"), *tls12_suites("ECDSA"), *_WEAK_SUITES))


def left_out(asked: Iterable[str], minimum: str, key_kind: str) -> list[str]:
    """Name the suites that are served although a list leaves them out.

    As in Go, a list says nothing about TLS 1.3.

    Args:
        asked: the list.
        minimum: ``http.tls.minimumtls``.
        key_kind: of the certificate's key: ``RSA`` or ``ECDSA``.
    """
    served = () if minimum == "tls1.3" else tls12_suites(key_kind)
    return [suite for suite in served if suite not in set(asked)]


def never_served(asked: Iterable[str]) -> list[str]:
    """Name the weak suites in a list."""
    return [suite for suite in asked if suite in _WEAK_SUITES]


def _suites(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("a list of names, such as [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]")
    unknown = [str(name) for name in value if name not in _KNOWN]
    if unknown:
        raise ValueError(f"names of cipher suites that Docker Registry knows, not {unknown[0]!r}")
    return tuple(str(name) for name in value)


CipherSuites = Annotated[tuple[str, ...], ReadBy(_suites)]
