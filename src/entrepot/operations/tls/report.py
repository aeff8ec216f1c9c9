"""Findings, told with the place in the configuration that leads to them."""

from collections.abc import Sequence

from entrepot.config import LoadedConfiguration
from entrepot.config.problems import InvalidConfiguration, Problem, spell
from entrepot.operations.tls.finding import Finding
from entrepot.operations.tls.material import inspect


def problems(loaded: LoadedConfiguration, findings: Sequence[Finding]) -> list[Problem]:
    """Say of each finding where in the configuration its file is named."""
    return [
        Problem(loaded.origin(one.key), spell(one.key), one.found, one.expected) for one in findings
    ]


def check_certificates(loaded: LoadedConfiguration) -> tuple[str, ...]:
    """Read and judge every file of ``http.tls``.

    Args:
        loaded: a configuration in which TLS is enabled.

    Returns:
        Warnings.

    Raises:
        InvalidConfiguration: something is wrong with them; has every problem.
    """
    http = loaded.settings.http
    inspection = inspect(http.tls, http.host)
    if inspection.findings:
        raise InvalidConfiguration(problems(loaded, inspection.findings))
    return inspection.warnings
