"""Keeps what is served: judges new files, refuses broken ones, and tells what is in use."""

import logging
from datetime import UTC, datetime
from pathlib import Path

from entrepot.config.tls import TlsSettings
from entrepot.operations.tls.context import server_context
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
        OSError: the runtime directory cannot be written, or OpenSSL refuses the material.
    """

    def __init__(
        self, settings: TlsSettings, host: str | None, runtime: Path, first: Inspection
    ) -> None:
        if first.material is None:
            raise ValueError("nothing usable")
        self._settings = settings
        self._host = host
        self._files = sources(settings)
        self._generations = Generations(runtime)
        self._judged = fingerprint(self._files)
        self._material = first.material
        self.generation = self._generations.add(first.material, self._prove)
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

    def renew(self) -> bool:
        """Judge the files as they are now, and serve them from now on, or go on as before.

        What is bad is a line in the log and a count.

        Returns:
            Whether workers have something to read.
        """
        self._judged = fingerprint(self._files)
        inspection = inspect(self._settings, self._host)
        material = inspection.material
        worse = [] if material is None else _worse(inspection, self._material)
        if material is None or worse:
            self._refuse(worse or inspection.fatal)
            return False
        for warning in inspection.warnings:
            logger.warning("%s", warning)
        for finding in inspection.findings:
            logger.error("%s", finding)
        try:
            self.generation = self._generations.add(material, self._prove)
        except OSError as error:
            self._refuse((f"it cannot be served: {error}",))
            return False
        self._take(material)
        return True

    def _take(self, new: Material) -> None:
        old, self._material = self._material, new
        self._generations.remove_all_but(self.generation)
        if (new.certificate, new.client_cas) != (old.certificate, old.client_cas):
            self.applied += 1
            leaf = new.certificates[0] if new.certificates else None
            what = f"{leaf.subject}, until {leaf.ends:%F}" if leaf else "self-signed"
            logger.info("new connections get the new certificate: %s", what)

    def _refuse(self, reasons: tuple[Finding | str, ...] | list[Finding]) -> None:
        self.refused += 1
        for reason in reasons:
            logger.error("the new certificate was refused, the old one stays in use: %s", reason)

    def _prove(self, generation: Generation) -> None:
        server_context(self._settings, generation)

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
