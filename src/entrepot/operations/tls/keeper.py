"""Keeps what is served: judges new files, refuses broken ones, and tells what is in use."""

import logging
from datetime import UTC, datetime
from pathlib import Path

from entrepot.config.tls import TlsSettings
from entrepot.operations.tls.facts import CertificateFacts
from entrepot.operations.tls.finding import Finding
from entrepot.operations.tls.generations import Generation, Generations
from entrepot.operations.tls.material import Inspection, Material, fingerprint, inspect, sources
from entrepot.operations.tls.server_certificate import WARNING_DAYS

logger = logging.getLogger("entrepot.tls")


class CertificateKeeper:
    """What one start of the registry serves TLS with.

    Args:
        settings: ``http.tls``; TLS is enabled in it.
        host: ``http.host``.
        runtime: RuntimeDirectory.path of this start.
        first: what the files hold; its material is there.

    Raises:
        OSError: the runtime directory cannot be written.
    """

    def __init__(
        self, settings: TlsSettings, host: str | None, runtime: Path, first: Inspection
    ) -> None:
        if first.material is None:
            raise ValueError("nothing that can be served")
        self._settings = settings
        self._host = host
        self._files = sources(settings)
        self._generations = Generations(runtime)
        self._judged = fingerprint(self._files)
        self._material = first.material
        self._proposed: Material | None = None
        self.generation = self._generations.add(first.material)
        self.applied = 0
        self.refused = 0

    @property
    def certificates(self) -> tuple[CertificateFacts, ...]:
        """What is in use: the chain, and the CAs of clients."""
        return self._material.certificates

    @property
    def temporary(self) -> bool:
        """Whether what is served was made here, for want of a CA's."""
        return self._material.temporary

    def fingerprint(self) -> str:
        """Tell what the files hold now."""
        return fingerprint(self._files)

    def is_new(self, found: str) -> bool:
        """Tell whether files of a fingerprint have not been judged yet."""
        return found != self._judged

    def propose(self) -> Generation | None:
        """Judge the files as they are now; None, a line in the log and a count where they are bad.

        Returns:
            What new workers should read. `accept` or `refuse` says what became of it.
        """
        self._judged = fingerprint(self._files)
        inspection = inspect(self._settings, self._host)
        material = inspection.material
        worse = [] if material is None else _worse(inspection, self._material)
        if material is None or worse:
            self.refuse(worse or inspection.fatal)
            return None
        for warning in inspection.warnings:
            logger.warning("%s", warning)
        for finding in inspection.findings:
            logger.error("%s", finding)
        try:
            proposed = self._generations.add(material)
        except OSError as error:
            self.refuse((f"the runtime directory cannot be written: {error}",))
            return None
        self._proposed = material
        return proposed

    def accept(self, generation: Generation) -> None:
        """Say that workers serve with what was proposed."""
        if self._proposed is None:
            return
        new, old = self._proposed, self._material
        changed = (new.certificate, new.client_cas) != (old.certificate, old.client_cas)
        self._material, self._proposed = new, None
        self.generation = generation
        self._generations.remove_all_but(generation)
        if changed:
            self.applied += 1
            leaf = new.certificates[0] if new.certificates else None
            what = f"{leaf.subject}, until {leaf.ends:%F}" if leaf else "self-signed"
            logger.info("new connections get the new certificate: %s", what)

    def refuse(self, reasons: tuple[Finding | str, ...] | list[Finding]) -> None:
        """Say that what was found cannot be served; the old certificate stays."""
        self.refused += 1
        self._proposed = None
        self._generations.remove_all_but(self.generation)
        for reason in reasons:
            logger.error("the new certificate is refused, the old one stays: %s", reason)

    def tell_of_expiry(self, now: datetime | None = None) -> None:
        """Log what expires within 14 days, or has expired."""
        now = now or datetime.now(UTC)
        for certificate in self.certificates:
            left = certificate.days_left(now)
            what = f"{certificate.file}: {certificate.subject}"
            if left < 0:
                logger.error("%s expired on %s", what, f"{certificate.ends:%F}")
            elif left < WARNING_DAYS:
                logger.warning(
                    "%s expires in %d days, on %s", what, int(left), f"{certificate.ends:%F}"
                )


def _worse(inspection: Inspection, old: Material) -> list[Finding]:
    """Name what speaks against taking a certificate that is not valid now for one that is."""
    now = datetime.now(UTC)
    good = all(one.begins <= now <= one.ends for one in old.certificates)
    return [finding for finding in inspection.findings if not finding.fatal] if good else []
