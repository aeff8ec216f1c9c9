"""Keys of ``http.tls``."""

from entrepot.config.keys.key import Since, works

KEYS = (
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
