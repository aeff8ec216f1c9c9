"""Judging the registry's own certificate and its key."""

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from cryptography import x509

from entrepot.config.cipher_suites import tls12_suites
from entrepot.config.problems import KeyPath
from entrepot.config.tls import TlsSettings
from entrepot.operations.tls import facts
from entrepot.operations.tls.finding import CIPHER_SUITES, Finding

WARNING_DAYS = 14


@dataclass(slots=True)
class Judgement:
    """What is wrong, and what is only worth knowing.

    Args:
        findings: what is wrong.
        warnings: one sentence each.
    """

    findings: list[Finding] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def judge_pair(
    chain: list[x509.Certificate], key: object, place: KeyPath, file: str
) -> list[Finding]:
    """Find out whether a certificate can be served with a key at all.

    Args:
        chain: the certificate and those that vouch for it.
        key: the private key.
        place: the key of the configuration that names the file.
        file: where the certificate was read.
    """
    leaf = chain[0]
    if leaf.version is not x509.Version.v3:
        return [Finding(place, f"{file}: an X.509 certificate of version 1", "version 3")]
    if facts.belongs_to(leaf, key):
        return []
    if any(facts.belongs_to(other, key) for other in chain[1:]):
        found = f"{file}: {facts.subject(leaf)} before the certificate that the key belongs to"
        return [Finding(place, found, "the registry's own certificate first")]
    found = f"{file}: {facts.subject(leaf)}, which does not belong to the key"
    return [Finding(place, found, "the certificate of http.tls.key")]


def judge_certificate(
    chain: list[x509.Certificate], place: KeyPath, file: str, host: str | None, now: datetime
) -> Judgement:
    """Find out what clients will think of a certificate.

    Args:
        chain: the certificate and those that vouch for it.
        place: the key of the configuration that names the file.
        file: where it was read.
        host: ``http.host``, a URL.
        now: the time.
    """
    judged = Judgement()
    leaf = chain[0]
    for certificate in chain:
        judged.findings += judge_dates(certificate, place, file, now)
    name = f"{'.'.join(map(str, place))}: {file}: {facts.subject(leaf)}"
    known_as = urlsplit(host).hostname if host else None
    if not facts.names(leaf):
        judged.warnings.append(f"{name} has no SAN extension: no client accepts it for any host")
    elif known_as and not facts.covers(leaf, known_as):
        judged.warnings.append(
            f"{name} is not for {known_as}, which http.host names, but for"
            f" {', '.join(facts.names(leaf))}: clients of that name refuse it"
        )
    if not facts.may_serve(leaf):
        judged.warnings.append(f"{name} is not meant for servers (extended key usage)")
    if facts.is_self_signed(leaf):
        judged.warnings.append(
            f"{name} is self-signed: clients refuse it until they are given it (docs/tls.md)"
        )
    left = (leaf.not_valid_after_utc - now).days
    if 0 <= left < WARNING_DAYS:
        judged.warnings.append(f"{name} expires in {left} days, on {leaf.not_valid_after_utc:%F}")
    return judged


def judge_dates(
    certificate: x509.Certificate, place: KeyPath, file: str, now: datetime
) -> list[Finding]:
    """Find out whether a certificate is valid at a time."""
    name = f"{file}: {facts.subject(certificate)}"
    if now > certificate.not_valid_after_utc:
        found = f"{name}, which expired on {certificate.not_valid_after_utc:%F %T} UTC"
        return [Finding(place, found, "a certificate that is valid now", fatal=False)]
    if now < certificate.not_valid_before_utc:
        found = f"{name}, which is not valid before {certificate.not_valid_before_utc:%F %T} UTC"
        return [Finding(place, found, "a certificate that is valid now", fatal=False)]
    return []


def judge_suites(settings: TlsSettings, leaf: x509.Certificate) -> list[Finding]:
    """Find out whether a list of cipher suites leaves any for TLS 1.2."""
    if not settings.ciphersuites or settings.minimumtls == "tls1.3":
        return []
    usable = tls12_suites(facts.key_kind(leaf))
    if not set(usable).isdisjoint(settings.ciphersuites):
        return []
    expected = (
        f"one of {', '.join(usable)}, which TLS 1.2 needs with this certificate, or"
        " http.tls.minimumtls: tls1.3"
    )
    return [Finding(CIPHER_SUITES, "no suite that can be served with TLS 1.2", expected)]
