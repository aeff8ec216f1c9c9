"""The rules of the configuration, section by section, as the services want them."""

from entrepot.assembly.drivers import Drivers
from entrepot.config.mirrors import MirrorSettings, component_of
from entrepot.config.quotas import QuotaSettings
from entrepot.config.settings import Settings
from entrepot.config.validation import ValidationSettings
from entrepot.oci.linear_regex import LinearRegex
from entrepot.oci.repository_glob import RepositoryGlobs
from entrepot.oci.tag_glob import TagGlob
from entrepot.services.collection.rules import Repositories, no_repository
from entrepot.services.immutable import ImmutableRule, ImmutableTags
from entrepot.services.quotas import NoQuotas, Quotas
from entrepot.services.quotas.enforced import EnforcedQuotas
from entrepot.services.quotas.limits import Limits, QuotaRules, Rule
from entrepot.services.references import ManifestPolicy


def manifest_policy(validation: ValidationSettings) -> ManifestPolicy:
    """Give the rules of the section `validation` as the services want them."""
    if validation.disabled:
        return ManifestPolicy(urls_decide=True)
    urls, indexes = validation.manifests.urls, validation.manifests.indexes
    allowed = tuple(LinearRegex(pattern) for pattern in urls.allow or ())
    platforms: frozenset[tuple[str, str]] | None = None
    if indexes.platforms == "none":
        platforms = frozenset()
    elif indexes.platforms == "list":
        platforms = frozenset((item.os, item.architecture) for item in indexes.platformlist)
    return ManifestPolicy(
        urls_decide=urls.allow is not None or urls.deny is not None,
        # Docker Registry: with empty lists, no URL; with denied ones only, any other.
        urls_allowed=allowed if allowed or not urls.deny else None,
        urls_denied=tuple(LinearRegex(pattern) for pattern in urls.deny or ()),
        required_platforms=platforms,
    )


def mirror_names(mirrors: MirrorSettings) -> Repositories:
    """Give what tells whether a repository is kept for an upstream."""
    if mirrors.whole is not None:
        return lambda name: True
    if not mirrors.any:
        return no_repository
    components = frozenset(component_of(each.host) for each in mirrors.upstreams)
    return lambda name: name.partition("/")[0] in components


def immutable_tags(settings: Settings) -> ImmutableTags:
    """Give the rules of the section `immutable` as the services want them."""
    return ImmutableTags(
        [
            ImmutableRule(
                RepositoryGlobs.parse(rule.repositories),
                tuple(TagGlob.parse(tag) for tag in rule.tags),
                frozenset(rule.exempt),
            )
            for rule in settings.immutable
        ]
    )


def quotas_of(settings: Settings, drivers: Drivers) -> Quotas:
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
