"""The section ``quotas``, Entrepot's own: how much may lie where."""

from dataclasses import dataclass, field
from typing import Annotated

from entrepot.config.fields import ReadBy, at_least
from entrepot.config.sizes import parse_size
from entrepot.oci.repository_glob import RepositoryGlobs

_number = at_least(0).read


def _patterns(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError('a list of patterns, such as ["team/**"]')
    globs = RepositoryGlobs.parse(value)
    if globs.of_user:
        raise ValueError(
            "patterns without {user}: a quota belongs to a repository, whoever pushes to it"
        )
    return tuple(value)


def _components(value: object) -> tuple[str, ...]:
    patterns = _patterns(value)
    deep = [pattern for pattern in patterns if "/" in pattern]
    if deep:
        raise ValueError(
            f"patterns of one component, such as team-*, and not {deep[0]!r}: a namespace is the"
            " first component of a repository's name"
        )
    return patterns


Limit = Annotated[int | None, ReadBy(_number)]
SizeLimit = Annotated[int | None, ReadBy(parse_size)]
Patterns = Annotated[tuple[str, ...], ReadBy(_patterns)]
Components = Annotated[tuple[str, ...], ReadBy(_components)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalQuotaSettings:
    """``quotas.total``: of the whole registry. None is no limit.

    Args:
        bytes: of blobs, each once, and manifests.
        tags: how many.
        repositories: how many that have a manifest.
    """

    bytes: SizeLimit = None
    tags: Limit = None
    repositories: Limit = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceQuotaSettings:
    """One of ``quotas.namespaces``: of each namespace by itself. None is no limit.

    Args:
        match: patterns of namespaces.
        bytes: of blobs, each once a namespace, and manifests.
        tags: how many.
        repositories: how many that have a manifest.
    """

    match: Components
    bytes: SizeLimit = None
    tags: Limit = None
    repositories: Limit = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryQuotaSettings:
    """One of ``quotas.repositories``: of each repository by itself. None is no limit.

    Args:
        match: patterns of repositories.
        bytes: of blobs, each once a repository, and manifests.
        tags: how many.
    """

    match: Patterns
    bytes: SizeLimit = None
    tags: Limit = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaSettings:
    """``quotas``. Of each list, the first that matches decides.

    Args:
        total: of the whole registry.
        namespaces: of namespaces.
        repositories: of repositories.
    """

    total: TotalQuotaSettings = field(default_factory=TotalQuotaSettings)
    namespaces: tuple[NamespaceQuotaSettings, ...] = ()
    repositories: tuple[RepositoryQuotaSettings, ...] = ()
