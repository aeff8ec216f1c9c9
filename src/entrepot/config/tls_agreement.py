"""What the keys of ``http.tls`` ask of each other."""

from entrepot.config.cipher_suites import never_served
from entrepot.config.document import Document
from entrepot.config.tls import NO_CLIENT_CERTIFICATE, TlsSettings


def check_tls_agreement(tls: TlsSettings, document: Document) -> list[str]:
    """Find keys of ``http.tls`` that contradict each other.

    Args:
        tls: each valid by itself.
        document: its ``problems`` grow.

    Returns:
        Warnings.
    """
    section = ("http", "tls")
    for name, other in (("certificate", "key"), ("key", "certificate")):
        if getattr(tls, name) is None and getattr(tls, other) is not None:
            document.refuse((*section, name), None, f"a file, as http.tls.{other} is set")
    if tls.keypassphrase is not None and tls.keypassphrasefile is not None:
        place = (*section, "keypassphrasefile")
        document.refuse(place, "a second passphrase", "one: http.tls.keypassphrase is set, too")
    warnings = []
    if tls.letsencrypt.enabled:
        _check_letsencrypt(tls, document)
    elif tls.letsencrypt.hosts or tls.letsencrypt.email:
        document.refuse(
            (*section, "letsencrypt", "cachefile"), None, "a directory for what is fetched"
        )
    warnings += _without_effect(tls, document)
    warnings += _of_suites(tls, document)
    return warnings


def _without_effect(tls: TlsSettings, document: Document) -> list[str]:
    reasons = {}
    if not tls.enabled:
        nothing = "there is no http.tls.certificate"
        reasons = {name: nothing for name in ("clientcas", "ciphersuites") if getattr(tls, name)}
    elif tls.clientcas and tls.clientauth == NO_CLIENT_CERTIFICATE:
        reasons["clientcas"] = "http.tls.clientauth is none"
    elif tls.clientauth not in (None, NO_CLIENT_CERTIFICATE) and not tls.clientcas:
        reasons["clientauth"] = "http.tls.clientcas names no CA, so no client is asked"
    return [
        f"{document.origin(('http', 'tls', name))}: http.tls.{name} has no effect: {reason}"
        for name, reason in reasons.items()
    ]


def _check_letsencrypt(tls: TlsSettings, document: Document) -> None:
    place = ("http", "tls", "letsencrypt")
    if tls.certificate is not None or tls.key is not None:
        expected = "either http.tls.certificate or http.tls.letsencrypt"
        document.refuse(place, "both kinds of certificates", expected)
    if not tls.letsencrypt.hosts:
        document.refuse((*place, "hosts"), None, "the names that the certificate is for")


def _of_suites(tls: TlsSettings, document: Document) -> list[str]:
    weak = never_served(tls.ciphersuites)
    if not weak:
        return []
    place = document.origin(("http", "tls", "ciphersuites"))
    return [f"{place}: http.tls.ciphersuites: never served: {', '.join(weak)}"]
