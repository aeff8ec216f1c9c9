"""The section ``validation``: what a pushed manifest may say."""

from dataclasses import dataclass, field
from typing import Annotated

from entrepot.config.fields import Switch, Text, one_of
from entrepot.config.patterns import Expressions


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlSettings:
    """``validation.manifests.urls``: which URLs a layer may name, and be absent for it.

    With neither list any URL is taken, and the blob must be here all the same.

    Args:
        allow: each URL must match one of these; where both lists are empty, no URL is allowed.
        deny: and none of these.
    """

    allow: Expressions | None = None
    deny: Expressions | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSettings:
    """One of ``validation.manifests.indexes.platformlist``."""

    os: Text = ""
    architecture: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSettings:
    """``validation.manifests.indexes``: which images of an index must be present.

    Args:
        platforms: ``all``, ``none`` or ``list``.
        platformlist: the platforms whose images must be present, for ``list``.
    """

    platforms: Annotated[str, one_of("all", "none", "list")] = "all"
    platformlist: tuple[PlatformSettings, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestValidationSettings:
    """``validation.manifests``."""

    urls: UrlSettings = field(default_factory=UrlSettings)
    indexes: IndexSettings = field(default_factory=IndexSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationSettings:
    """``validation``.

    Args:
        disabled: the rest of the section does not apply.
        manifests: what a pushed manifest may say.
    """

    disabled: Switch = False
    manifests: ManifestValidationSettings = field(default_factory=ManifestValidationSettings)
