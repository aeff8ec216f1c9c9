"""The section ``policy``: what kinds of content a registry takes."""

from dataclasses import dataclass, field

from entrepot.config.fields import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryPolicySettings:
    """``policy.repository``.

    Args:
        classes: ``image``, ``plugin``: the classes that may be pushed; none means every class.
    """

    classes: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySettings:
    """``policy``."""

    repository: RepositoryPolicySettings = field(default_factory=RepositoryPolicySettings)
