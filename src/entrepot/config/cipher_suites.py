"""``http.tls.ciphersuites``: names as Go has them, and which of them can be served.

A list chooses among the suites of TLS 1.2 that are not weak. As in Go, it does not concern TLS 1.3.
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


def openssl_names(asked: Iterable[str]) -> list[str]:
    """Name the suites of TLS 1.2 that a list allows as OpenSSL does, the strongest first.

    Args:
        asked: the list; an empty one allows all that are not weak. Where it allows none of them, a
            certificate has been refused, or TLS 1.2 is not spoken.
    """
    allowed = set(asked)
    suites = [*tls12_suites("ECDSA"), *tls12_suites("RSA")]
    chosen = [suite for suite in suites if suite in allowed] or suites
    return [_openssl_name(suite) for suite in chosen]


def _openssl_name(suite: str) -> str:
    kind, cipher = suite.removeprefix("TLS_").split("_WITH_")
    ours = cipher.replace("AES_256", "AES256").replace("AES_128", "AES128")
    name = ours.removesuffix("_SHA256") if ours.startswith("CHACHA20") else ours
    return f"{kind}_{name}".replace("_", "-")


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
