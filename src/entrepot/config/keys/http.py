"""Keys of ``http``."""

from entrepot.config.keys.key import Since, works

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
    works(
        "http.trustedproxies",
        "networks whose X-Forwarded-* and Forwarded headers are believed; loopback and private"
        " networks by default",
        Since.OWN,
    ),
)
