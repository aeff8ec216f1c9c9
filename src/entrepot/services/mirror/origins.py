"""Which names are mirrored, and from where.

A mirrored repository is named HOST/NAME here, NAME at its upstream; where the whole registry
mirrors one upstream, names are the same.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from entrepot.config.mirrors import DOCKER_HUB, DOCKER_HUB_HOSTS, component_of
from entrepot.errors import InvalidName, UnknownName
from entrepot.oci.name import RepositoryName
from entrepot.oci.repository_glob import RepositoryGlobs
from entrepot.ports.upstream import Upstream

# Of names without a user or an organisation.
_HUB_OWN = "library"

_KEPT = 4096


@dataclass(frozen=True, slots=True, eq=False)
class MirroredUpstream:
    """A registry that is mirrored here.

    Attributes:
        host: its name, as in references: `docker.io`, `registry.example.com:5000`.
        client: asks it.
        aliases: further names of it.
        repositories: those that are mirrored, by their names there; None for all.
        ttl: seconds that a tag is good for; 0 compares it each time.
        slow: seconds after which what is kept is served though the upstream may answer yet.
        platforms: whose images of an index are fetched with it: operating system and architecture.
    """

    host: str
    client: Upstream
    aliases: tuple[str, ...] = ()
    repositories: RepositoryGlobs | None = None
    ttl: float = 300.0
    slow: float = 10.0
    platforms: tuple[tuple[str, str], ...] = ()

    @property
    def component(self) -> str:
        """The first component of the names of its repositories here."""
        return component_of(self.host)

    def mirrors(self, name: str) -> bool:
        """Tell whether a repository is mirrored, by its name there."""
        return self.repositories is None or self.repositories.matches(name)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a repository here comes from: an upstream, and the repository's name there."""

    upstream: MirroredUpstream
    name: RepositoryName

    @property
    def host(self) -> str:
        """Of the upstream."""
        return self.upstream.host

    @property
    def client(self) -> Upstream:
        """Asks the upstream."""
        return self.upstream.client

    def require(self) -> None:
        """Return when the repository is one of those that are mirrored.

        Raises:
            UnknownName: it is not.
        """
        if not self.upstream.mirrors(self.name):
            raise UnknownName(
                f"this mirror of {self.host} does not serve {self.name}", {"name": self.name}
            )


class Origins:
    """Finds the upstream of a name, and the name that a request means.

    Args:
        upstreams: each is mirrored below its host.
        default: of these, the one for names that are not here.
        whole: the whole registry mirrors it, under its own names.
    """

    def __init__(
        self,
        upstreams: Sequence[MirroredUpstream] = (),
        default: MirroredUpstream | None = None,
        whole: MirroredUpstream | None = None,
    ) -> None:
        self.upstreams = (*upstreams, whole) if whole is not None else tuple(upstreams)
        self._default = default
        self._whole = whole
        self._by_component = {upstream.component: upstream for upstream in upstreams}
        self._by_host: dict[str, MirroredUpstream] = {}
        for upstream in self.upstreams:
            known = DOCKER_HUB_HOSTS if upstream.host == DOCKER_HUB else ()
            for host in (upstream.host, upstream.component, *upstream.aliases, *known):
                self._by_host.setdefault(host.lower(), upstream)
        self.of: Callable[[RepositoryName], Origin | None] = lru_cache(_KEPT)(self._of)

    def mirrors(self, name: str) -> bool:
        """Tell whether a name is kept for an upstream, whatever is mirrored of it."""
        return self._whole is not None or name.partition("/")[0] in self._by_component

    async def locate(
        self,
        name: str,
        namespace: str,
        has: Callable[[RepositoryName], Awaitable[bool]] | None = None,
    ) -> tuple[str, str]:
        """Give the name under which a repository is kept here.

        Args:
            name: as it was asked for; not yet checked.
            namespace: the host that the client wants it from (`?ns=`); empty for none.
            has: tells whether this registry has a repository of its own with a name; None where
                the default upstream is not meant, as in pushes.

        Returns:
            The name, and the namespace that is answered for; empty where none is.
        """
        wanted = self._by_host.get(namespace.lower()) if namespace else None
        if self._whole is not None:
            return name, namespace if wanted is self._whole else ""
        if wanted is not None:
            head, _, rest = name.partition("/")
            if rest and self._by_host.get(head) is wanted:
                name = rest  # a client that has the host in both places
            return _below(wanted, name), namespace
        head, _, rest = name.partition("/")
        if rest and (named := self._by_host.get(head)) is not None:
            return _below(named, rest), ""
        if self._default is None or has is None or not name:
            return name, ""
        try:
            own = await has(RepositoryName.parse(name))
        except InvalidName:
            return name, ""
        return (name, "") if own else (_below(self._default, name), "")

    def _of(self, name: RepositoryName) -> Origin | None:
        if self._whole is not None:
            return Origin(self._whole, name)
        head, _, rest = name.partition("/")
        upstream = self._by_component.get(head)
        if upstream is None or not rest:
            return None
        return Origin(upstream, RepositoryName(rest))


def _below(upstream: MirroredUpstream, name: str) -> str:
    if upstream.host == DOCKER_HUB and name and "/" not in name:
        name = f"{_HUB_OWN}/{name}"
    return f"{upstream.component}/{name}"
