"""What a start says to the person who started it."""

from pathlib import Path
from urllib.parse import urlsplit

from entrepot import __version__
from entrepot.config import Settings
from entrepot.config.addresses import UnixAddress


def welcome(settings: Settings, source: Path | None, *, first_start: bool) -> str:
    """Say where the registry listens, where data lies, and what to try.

    Args:
        settings: all settings.
        source: the configuration file; None where there is none.
        first_start: whether to show the commands to try.

    Returns:
        Lines for a terminal, without a newline at the end.
    """
    where = "in memory, gone at the end"
    if settings.storage.driver == "filesystem":
        where = settings.storage.filesystem.rootdirectory
    lines = [
        f"Entrepot {__version__}",
        f"  address        {_address(settings)}",
        f"  data           {where}",
        f"  database       {settings.database_path or 'in memory, gone at the end'}",
        f"  configuration  {source or 'the defaults'}",
    ]
    registry = _name_for_docker(settings)
    if first_start and registry:
        lines += [
            "",
            "Try it, with any image that you have:",
            *([f"  docker login {registry}"] if settings.is_protected else []),
            f"  docker tag hello-world {registry}/hello-world",
            f"  docker push {registry}/hello-world",
            f"  docker pull {registry}/hello-world",
        ]
    return "\n".join(lines)


def exposure(settings: Settings) -> str | None:
    """Say what strangers could do to a registry that listens beyond this machine.

    Args:
        settings: all settings.

    Returns:
        A warning; None where only this machine reaches the registry.
    """
    listen = settings.http.listen
    if isinstance(listen, UnixAddress) or listen.is_loopback:
        return None
    if settings.is_protected:
        if settings.http.tls.enabled:
            return None
        return (
            f"{settings.http.addr} is reached from the network without TLS: passwords, tokens and"
            " images travel in the clear. Set http.tls, put a proxy with TLS in front, or listen on"
            " 127.0.0.1."
        )
    clear = "" if settings.http.tls.enabled else ", and everything travels in the clear"
    return (
        f"{settings.http.addr} is open to the network without access control: whoever reaches it"
        f" can read and push every image{clear}. Set http.tls, and access or auth.htpasswd; or"
        " listen on 127.0.0.1."
    )


def _address(settings: Settings) -> str:
    listen = settings.http.listen
    if isinstance(listen, UnixAddress):
        return str(listen)
    scheme = "https" if settings.http.tls.enabled else "http"
    everywhere = "" if listen.host else "0.0.0.0"  # noqa: S104 (shown, not listened on)
    return f"{scheme}://{everywhere}{listen}{settings.http.prefix}"


def _name_for_docker(settings: Settings) -> str | None:
    """How docker on this machine names the registry, if it can."""
    if settings.http.prefix != "/":
        return None  # the names of images have no room for a path before /v2/
    if settings.http.host:
        return urlsplit(settings.http.host).netloc
    listen = settings.http.listen
    if isinstance(listen, UnixAddress) or listen.port == 0:
        return None
    if listen.host in ("", "0.0.0.0", "::"):  # noqa: S104 (compared, not listened on)
        return f"127.0.0.1:{listen.port}"
    return str(listen)
