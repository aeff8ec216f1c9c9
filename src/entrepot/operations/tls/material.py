"""Reads and checks everything that the workers need for TLS, as one unit."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from entrepot.config.problems import KeyPath
from entrepot.config.tls import TlsSettings
from entrepot.operations.tls import facts, pem
from entrepot.operations.tls.client_cas import judge_client_cas, read_client_cas
from entrepot.operations.tls.finding import (
    CACHE,
    CERTIFICATE,
    CLIENT_CAS,
    DIRECTORY_CAS,
    KEY,
    PASSPHRASE_FILE,
    Finding,
    UnusableFile,
)
from entrepot.operations.tls.private_key import (
    ServedKey,
    load_private_key,
    read_passphrase,
    to_pkcs8,
)
from entrepot.operations.tls.self_signed import self_signed
from entrepot.operations.tls.server_certificate import (
    judge_certificate,
    judge_pair,
    judge_suites,
)


@dataclass(frozen=True, slots=True)
class Material:
    """What is served.

    Args:
        certificate: the certificate and its chain, PEM.
        key: its private key, PKCS#8 PEM, open.
        client_cas: PEM; None where no client is asked for a certificate.
        certificates: facts about each certificate.
        temporary: self-signed, because no CA has issued one yet.
    """

    certificate: bytes
    key: bytes = field(repr=False)
    client_cas: bytes | None
    certificates: tuple[facts.CertificateFacts, ...]
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the files hold.

    Args:
        material: what can be served; None if a finding is fatal.
        findings: what is wrong.
        warnings: one sentence each.
    """

    material: Material | None
    findings: tuple[Finding, ...]
    warnings: tuple[str, ...]

    @property
    def fatal(self) -> tuple[Finding, ...]:
        """The findings that prevent serving."""
        return tuple(finding for finding in self.findings if finding.fatal)


def sources(settings: TlsSettings) -> list[str]:
    """List the files that the material comes from."""
    named = [settings.certificate, settings.key, settings.keypassphrasefile]
    if settings.letsencrypt.enabled:
        named = [fetched_certificate(settings)]
    return [*filter(None, named), *settings.clientcas]


def fetched_certificate(settings: TlsSettings) -> str:
    """Return the file of the certificate fetched by ACME, named as in Docker Registry 3."""
    directory = settings.letsencrypt.cachefile or "."
    return str(Path(directory) / settings.letsencrypt.hosts[0])


def fingerprint(files: list[str]) -> str:
    """Hash the contents of files; an unreadable file counts as empty."""
    whole = hashlib.sha256()
    for file in files:
        content = b""
        with suppress(OSError):
            content = Path(file).read_bytes()
        whole.update(hashlib.sha256(content).digest())
    return whole.hexdigest()


def inspect(settings: TlsSettings, host: str | None, now: datetime | None = None) -> Inspection:
    """Read and judge the files of ``http.tls``; nothing is raised.

    Args:
        settings: the section; TLS is enabled in it.
        host: ``http.host``.
        now: the time; None takes the clock's.
    """
    return _Inspector(settings, host, now or datetime.now(UTC)).inspect()


class _Inspector:
    def __init__(self, settings: TlsSettings, host: str | None, now: datetime) -> None:
        self._settings = settings
        self._host = host
        self._now = now
        self._findings: list[Finding] = []
        self._warnings: list[str] = []
        self._facts: list[facts.CertificateFacts] = []
        self._temporary = False

    def inspect(self) -> Inspection:
        pair = self._fetched() if self._settings.letsencrypt.enabled else self._named()
        client_cas = self._client_cas()
        material = None
        if pair is not None and not any(finding.fatal for finding in self._findings):
            chain, key = pair
            material = Material(
                pem.to_pem(chain), to_pkcs8(key), client_cas, tuple(self._facts), self._temporary
            )
        return Inspection(material, tuple(self._findings), tuple(self._warnings))

    def _named(self) -> tuple[list[x509.Certificate], ServedKey] | None:
        certificate, key = str(self._settings.certificate), str(self._settings.key)
        chain = passphrase = private = None
        try:
            chain = pem.certificates(certificate, pem.read(certificate))
        except UnusableFile as error:
            self._refuse(CERTIFICATE, error)
        try:
            passphrase = self._passphrase()
        except UnusableFile as error:
            self._refuse(PASSPHRASE_FILE, error)
        else:
            try:
                private = load_private_key(key, pem.read(key), passphrase)
            except UnusableFile as error:
                self._refuse(KEY, error)
        if chain is None or private is None:
            return None
        self._warn_of_readers(key)
        return self._judge(chain, private, CERTIFICATE, certificate)

    def _passphrase(self) -> str | None:
        if self._settings.keypassphrasefile is not None:
            return read_passphrase(self._settings.keypassphrasefile)
        return self._settings.keypassphrase

    def _fetched(self) -> tuple[list[x509.Certificate], ServedKey] | None:
        self._check_directory_cas()
        file = fetched_certificate(self._settings)
        if not Path(file).exists():
            self._temporary = True
            self._warnings.append(
                f"{file} is not there yet: a self-signed certificate, which clients refuse, is"
                " served until the CA has given one"
            )
            temporary, certificate = self_signed(self._settings.letsencrypt.hosts, days=7)
            return [certificate], temporary
        try:
            content = pem.read(file)
            chain, key = pem.certificates(file, content), load_private_key(file, content, None)
        except UnusableFile as error:
            self._refuse(CACHE, error)
            return None
        return self._judge(chain, key, CACHE, file)

    def _check_directory_cas(self) -> None:
        file = self._settings.letsencrypt.directorycas
        if file is not None:
            try:
                pem.certificates(file, pem.read(file))
            except UnusableFile as error:
                self._refuse(DIRECTORY_CAS, error)

    def _judge(
        self, chain: list[x509.Certificate], key: ServedKey, place: KeyPath, file: str
    ) -> tuple[list[x509.Certificate], ServedKey]:
        self._findings += judge_pair(chain, key, place, file)
        self._findings += judge_suites(self._settings, chain[0])
        judged = judge_certificate(chain, place, file, self._host, self._now)
        self._findings += judged.findings
        self._warnings += judged.warnings
        self._facts += [facts.facts(file, certificate) for certificate in chain]
        return chain, key

    def _client_cas(self) -> bytes | None:
        if not self._settings.asks_for_client_certificates:
            return None
        authorities: list[x509.Certificate] = []
        for index, file in enumerate(self._settings.clientcas):
            try:
                found = read_client_cas(file)
            except UnusableFile as error:
                self._refuse((*CLIENT_CAS, index), error)
                continue
            self._findings += judge_client_cas(file, index, found, self._now)
            self._facts += [facts.facts(file, certificate) for certificate in found]
            authorities += found
        return pem.to_pem(authorities)

    def _refuse(self, place: KeyPath, error: UnusableFile) -> None:
        self._findings.append(Finding(place, error.found, error.expected))

    def _warn_of_readers(self, key: str) -> None:
        with suppress(OSError):
            if Path(key).stat().st_mode & 0o004:
                self._warnings.append(f"http.tls.key: {key} can be read by every user")
