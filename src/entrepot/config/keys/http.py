"""Keys of ``http``."""

from entrepot.config.keys.key import Since, unneeded, works

KEYS = (
    works("http.addr", "`HOST:PORT`, or a file where `net` is `unix`; `127.0.0.1:5000` by default"),
    works("http.net", "`tcp` (default) or `unix`"),
    works("http.prefix", "the path before `v2/`; begins and ends with a slash"),
    works("http.host", "the URL under which clients see the registry"),
    works("http.secret", "accepted; clients hold no state, so there is nothing to sign"),
    works("http.relativeurls", "Location headers name no host"),
    works("http.draintimeout", "how long running requests may finish after SIGTERM; `60s`"),
    works("http.headers.*", "added to every answer; each a list of values"),
    unneeded(
        "http.http2.disabled",
        "HTTP/1.1 is spoken, which every client of registries speaks; a proxy in front can offer"
        " HTTP/2",
        harmless=lambda value: str(value).lower() in ("none", "", "true", "yes", "on"),
    ),
    unneeded(
        "http.h2c.enabled",
        "as `http.http2.disabled`",
        Since.NEW,
        harmless=lambda value: str(value).lower() in ("none", "", "false", "no", "off"),
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
