"""Keys of ``http``."""

from entrepot.config.document import Tree
from entrepot.config.keys.key import Since, later, refused, under, works

# What Docker Registry offers when nothing is set. A list that has all of these narrows nothing,
# and what Entrepot offers is among them.
_DEFAULT_SUITES = frozenset(
    {
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_AES_128_GCM_SHA256",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_AES_256_GCM_SHA384",
    }
)


def _narrows_nothing(value: Tree) -> bool:
    return not value or (
        isinstance(value, list)
        and {item for item in value if isinstance(item, str)} >= _DEFAULT_SUITES
    )


_LETSENCRYPT = later(
    "http.tls.letsencrypt",
    "certificates from Let's Encrypt arrive in a later release; `certificate` and `key` work",
)

KEYS = (
    works("http.addr", "`HOST:PORT`, or a file where `net` is `unix`; `127.0.0.1:5000` by default"),
    works("http.net", "`tcp` (default) or `unix`"),
    works("http.prefix", "the path before `v2/`; begins and ends with a slash"),
    works("http.host", "the URL under which clients see the registry"),
    works("http.secret", "accepted; clients hold no state, so there is nothing to sign"),
    works("http.relativeurls", "Location headers name no host"),
    works("http.draintimeout", "how long running requests may finish after SIGTERM; `60s`"),
    works("http.headers.*", "added to every answer; each a list of values"),
    works("http.http2.disabled", "no HTTP/2 over TLS"),
    works(
        "http.h2c.enabled",
        "accepted; HTTP/2 without TLS is always answered",
        Since.NEW,
    ),
    works("http.debug.addr", "a second address, for `/debug/health` and the metrics"),
    works("http.debug.prometheus.enabled", "metrics on the debug address"),
    works("http.debug.prometheus.path", "`/metrics` by default"),
    works("http.tls.certificate", "a PEM file: the certificate and its chain"),
    works("http.tls.key", "a PEM file: the certificate's private key"),
    works("http.tls.minimumtls", "`tls1.2` (default) or `tls1.3`; older ones are refused"),
    later("http.tls.clientcas", "client certificates arrive in a later release"),
    later("http.tls.clientauth", "client certificates arrive in a later release", Since.NEW),
    refused(
        "http.tls.ciphersuites",
        "the TLS library chooses among modern suites only; a list that has all of Docker"
        " Registry's default suites is passed over",
        harmless=_narrows_nothing,
    ),
    _LETSENCRYPT,
    *under(_LETSENCRYPT, "cachefile email hosts directoryurl"),
    works(
        "http.trustedproxies",
        "networks whose X-Forwarded-* and Forwarded headers are believed; loopback and private"
        " networks by default",
        Since.OWN,
    ),
)
