"""Puts quotas together: the section `quotas` to what services ask."""

from entrepot.assembly.drivers import Drivers
from entrepot.config.quotas import QuotaSettings
from entrepot.config.settings import Settings
from entrepot.oci.repository_glob import RepositoryGlobs
from entrepot.services.quotas import NoQuotas, Quotas
from entrepot.services.quotas.enforced import EnforcedQuotas
from entrepot.services.quotas.limits import Limits, QuotaRules, Rule


def build_quotas(settings: Settings, drivers: Drivers) -> Quotas:
    """Give what refuses too much; where nothing is limited, it costs nothing.

    Args:
        settings: of the whole registry.
        drivers: opened in this process.
    """
    rules = quota_rules(settings.quotas)
    if not rules.any:
        return NoQuotas()
    return EnforcedQuotas(
        rules,
        drivers.metadata,
        drivers.reservations,
        drivers.clock,
        settings.server.timeouts.lease,
    )


def quota_rules(quotas: QuotaSettings) -> QuotaRules:
    """Read the section `quotas` as the services want it."""
    total = quotas.total
    return QuotaRules(
        Limits(total.bytes, total.tags, total.repositories),
        [
            Rule(
                RepositoryGlobs.parse(rule.match), Limits(rule.bytes, rule.tags, rule.repositories)
            )
            for rule in quotas.namespaces
        ],
        [
            Rule(RepositoryGlobs.parse(rule.match), Limits(rule.bytes, rule.tags))
            for rule in quotas.repositories
        ],
    )
