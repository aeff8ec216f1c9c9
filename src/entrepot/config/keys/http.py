"""Keys of ``http``."""

from entrepot.config.keys.key import Key, Since, unneeded, works

KEYS: tuple[Key, ...] = (
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
    works("http.tls.certificate", "a PEM file: the certificate and its chain"),
    works(
        "http.tls.key",
        "a PEM file: the certificate's private key; PKCS#1, SEC1 or PKCS#8, also encrypted",
    ),
    works(
        "http.tls.keypassphrasefile",
        "a file whose first line opens an encrypted key",
        Since.OWN,
    ),
    works(
        "http.tls.keypassphrase",
        "the same by itself; better as `REGISTRY_HTTP_TLS_KEYPASSPHRASE` than in the file",
        Since.OWN,
    ),
    works("http.tls.minimumtls", "`tls1.2` (default) or `tls1.3`; older ones are refused"),
    works(
        "http.tls.ciphersuites",
        "the suites of TLS 1.2 that are served; ECDHE with AES-GCM or ChaCha20 can be had, weaker"
        " ones are never served",
    ),
    works("http.tls.clientcas", "PEM files: the CAs whose client certificates are accepted"),
    works(
        "http.tls.clientauth",
        "with `clientcas`: `require-and-verify-client-cert` (default),"
        " `verify-client-cert-if-given` or `none`; `request-client-cert` and"
        " `require-any-client-cert` cannot be had",
        Since.NEW,
    ),
    works(
        "http.tls.letsencrypt.cachefile",
        "a directory for the account's key and the certificate; switches ACME on",
    ),
    works("http.tls.letsencrypt.email", "where the CA writes to"),
    works("http.tls.letsencrypt.hosts", "the names in the certificate"),
    works(
        "http.tls.letsencrypt.directoryurl",
        "another CA that speaks ACME; Let's Encrypt by default",
        Since.NEW,
    ),
    works(
        "http.tls.letsencrypt.directorycas",
        "a PEM file: the CAs that vouch for that server, where the usual ones do not",
        Since.OWN,
    ),
    works(
        "http.tls.letsencrypt.listen",
        "where http-01 challenges are answered; `:80` by default",
        Since.OWN,
    ),
)
