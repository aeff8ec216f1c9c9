"""The sections ``proxies`` and ``proxy``: registries that are mirrored here."""

from dataclasses import dataclass, field
from typing import Annotated

from entrepot.config.fields import (
    LongSeconds,
    PositiveSeconds,
    ReadBy,
    Seconds,
    Switch,
    Text,
    at_least,
    size_of_at_least,
)
from entrepot.config.patterns import ImagePatterns, RepositoryPatterns
from entrepot.errors import InvalidName
from entrepot.oci.name import RepositoryName

DOCKER_HUB = "docker.io"
DOCKER_HUB_HOSTS = ("registry-1.docker.io", "index.docker.io", "registry.hub.docker.com")
"""Further names of Docker Hub."""


def _url(value: object) -> str:
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        place = value.partition("://")[2]
        if place and "@" not in place:
            return value.rstrip("/")
    raise ValueError(
        "a URL such as https://registry-1.docker.io, with its user in username and password"
    )


def _urls(value: object) -> tuple[str, ...]:
    urls = value if isinstance(value, list | tuple) else [value]
    if not urls:
        raise ValueError("a URL such as https://registry-1.docker.io, or a list of them")
    return tuple(map(_url, urls))


def _host(value: object) -> str:
    if isinstance(value, str):
        try:
            RepositoryName.parse(f"{component_of(value)}/name")
        except InvalidName:
            pass
        else:
            if "/" not in value:
                return value
    raise ValueError("a host such as docker.io or registry.example.com:5000")


def component_of(host: str) -> str:
    """Give a host as the first component of repositories' names, which have no colon."""
    return host.lower().replace(":", "_")


Host = Annotated[str, ReadBy(_host)]
Url = Annotated[str, ReadBy(_url)]
Urls = Annotated[tuple[str, ...], ReadBy(_urls)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecSettings:
    """``exec``: a command that prints credentials, as docker's credential helpers do.

    Args:
        command: its path, and arguments behind blanks; empty for none.
        lifetime: seconds that its answer is good for; None for as long as it works.
    """

    command: Text = ""
    lifetime: Seconds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamPlatformSettings:
    """One of ``prefetch.platforms``."""

    os: Text = "linux"
    architecture: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefetchSettings:
    """``prefetch``: what is fetched before anybody asks for it.

    Args:
        platforms: whose images of an index.
    """

    platforms: tuple[UpstreamPlatformSettings, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamSettings:
    """One of ``proxies``: a registry that is mirrored below its host's name.

    Args:
        host: its name in references, such as ``docker.io`` or ``registry.example.com:5000``.
        remoteurl: its addresses, tried in turn; by the host's name over TLS where there is none.
        aliases: further names of the same registry.
        default: it is meant by requests for names that are not here.
        username: empty for nobody.
        password: of the user.
        exec: prints credentials instead.
        dockerconfig: a config.json of docker's that has them instead; empty for none.
        ca: a file of certificates to trust; empty for the system's.
        certificate: of this registry as a client; empty for none.
        key: of the certificate.
        skipverify: take any certificate.
        connecttimeout: seconds until a connection stands.
        readtimeout: seconds without a byte.
        connections: at once, for each worker.
        allow: repositories that are mirrored, by their names there.
        deny: repositories that are not, of those.
        ttl: seconds after which a tag is compared; 0 for each time.
        slow: seconds after which what is here is served while the upstream has not answered.
        offline: never ask; serve what is here.
        maxsize: bytes of blobs that are kept of it; None for any number.
        maxage: seconds without a pull after which an image goes; None for never.
        pinned: images that stay whatever the two say, by their names there.
        prefetch: what is fetched before anybody asks for it.
    """

    host: Host
    remoteurl: Urls = ()
    aliases: tuple[Host, ...] = ()
    default: Switch = False
    username: Text = ""
    password: Text = field(default="", repr=False)
    exec: ExecSettings = field(default_factory=ExecSettings)
    dockerconfig: Text = ""
    ca: Text = ""
    certificate: Text = ""
    key: Text = ""
    skipverify: Switch = False
    connecttimeout: PositiveSeconds = 10.0
    readtimeout: PositiveSeconds = 30.0
    connections: Annotated[int, at_least(1)] = 16
    allow: RepositoryPatterns = ("**",)
    deny: RepositoryPatterns | None = None
    ttl: Seconds = 300.0
    slow: PositiveSeconds = 10.0
    offline: Switch = False
    maxsize: Annotated[int | None, size_of_at_least(1)] = None
    maxage: LongSeconds | None = None
    pinned: ImagePatterns = ()
    prefetch: PrefetchSettings = field(default_factory=PrefetchSettings)

    @property
    def urls(self) -> tuple[str, ...]:
        """Where it is."""
        # Nothing at Docker Hub's own name speaks the protocol.
        host = "registry-1.docker.io" if self.host == "docker.io" else self.host
        return self.remoteurl or (f"https://{host}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySettings:
    """``proxy``, as Docker Registry has it: the whole registry mirrors one upstream.

    Args:
        remoteurl: its address; empty where nothing is mirrored so.
        username: empty for nobody.
        password: of the user.
        exec: prints credentials instead.
        ttl: seconds without a pull after which an image goes; 0 for never.
    """

    remoteurl: Url = ""
    username: Text = ""
    password: Text = field(default="", repr=False)
    exec: ExecSettings = field(default_factory=ExecSettings)
    ttl: Seconds = 168 * 3600.0

    @property
    def upstream(self) -> UpstreamSettings | None:
        """The same as one of ``proxies``; None where nothing is mirrored.

        As in Docker Registry, a tag is compared each time that it is pulled.
        """
        if not self.remoteurl:
            return None
        host = self.remoteurl.partition("://")[2].partition("/")[0]
        return UpstreamSettings(
            host=DOCKER_HUB if host in DOCKER_HUB_HOSTS else host,
            remoteurl=(self.remoteurl,),
            username=self.username,
            password=self.password,
            exec=self.exec,
            ttl=0.0,
            maxage=self.ttl or None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorSettings:
    """All that is mirrored.

    Args:
        upstreams: each below its host's name.
        whole: the whole registry mirrors this one, under its own names; None for most.
    """

    upstreams: tuple[UpstreamSettings, ...] = ()
    whole: UpstreamSettings | None = None

    @property
    def any(self) -> bool:
        """Whether anything is mirrored."""
        return bool(self.upstreams) or self.whole is not None

    @property
    def all(self) -> tuple[UpstreamSettings, ...]:
        """Every upstream."""
        return self.upstreams if self.whole is None else (*self.upstreams, self.whole)
