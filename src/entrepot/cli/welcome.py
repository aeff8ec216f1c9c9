"""What a start prints for the person who started it."""

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from entrepot import __version__
from entrepot.config import Settings
from entrepot.config.addresses import TcpAddress, UnixAddress


def welcome(settings: Settings, source: Path | None, *, empty: bool) -> str:
    """Say where the registry listens, where its data is, and what to try.

    Args:
        settings: all settings.
        source: the configuration file; None where there is none.
        empty: whether to show the commands to try.

    Returns:
        Lines for a terminal, without a newline at the end.
    """
    where = "in memory, lost when the registry stops"
    if settings.storage.driver == "filesystem":
        where = settings.storage.filesystem.rootdirectory
    lines = [
        f"Entrepot {__version__}",
        f"  address        {_address(settings)}",
        *([f"  for clients    {settings.http.host}"] if settings.http.host else []),
        f"  data           {where}",
        f"  database       {settings.database_path or 'in memory, lost when the registry stops'}",
        f"  configuration  {source or 'the defaults'}",
    ]
    registry = _name_for_docker(settings)
    if empty and registry:
        trusted = ", on a machine that trusts its certificate" if _uses_tls(settings) else ""
        lines += [
            "",
            f"Try it, with any image that you have{trusted}:",
            *([f"  docker login {registry}"] if settings.is_protected else []),
            f"  docker tag hello-world {registry}/hello-world",
            f"  docker push {registry}/hello-world",
            f"  docker pull {registry}/hello-world",
        ]
    return "\n".join(lines)


def exposure(settings: Settings) -> str | None:
    """Say what strangers could do to a registry that other machines can reach.

    Args:
        settings: all settings.

    Returns:
        A warning; None if only this machine reaches the registry.
    """
    listen = settings.http.listen
    if isinstance(listen, UnixAddress) or listen.is_loopback:
        return None
    if settings.is_protected:
        if settings.http.tls.enabled:
            return None
        if _uses_tls(settings):  # of a proxy, as http.host says
            return (
                f"{settings.http.addr} itself has no TLS: let only the proxy of"
                f" {settings.http.host} reach it, or passwords, tokens and images travel"
                " unencrypted."
            )
        return (
            f"{settings.http.addr} can be reached from the network without TLS: passwords, tokens"
            " and images travel unencrypted. Set http.tls, put a proxy with TLS in front, or"
            " listen on 127.0.0.1."
        )
    clear = "" if settings.http.tls.enabled else ", unencrypted"
    tls = "" if settings.http.tls.enabled else "http.tls, and "
    return (
        f"{settings.http.addr} can be reached from the network without access control: anybody"
        f" can read and push every image{clear}. Set {tls}access or auth.htpasswd; or listen on"
        " 127.0.0.1."
    )


def _uses_tls(settings: Settings) -> bool:
    """Whether clients use TLS, of the registry itself or of a proxy."""
    host = settings.http.host or ""
    return settings.http.tls.enabled or host.startswith("https://")


def _address(settings: Settings) -> str:
    listen = settings.http.listen
    if isinstance(listen, UnixAddress):
        return str(listen)
    scheme = "https" if settings.http.tls.enabled else "http"
    everywhere = "" if listen.host else "0.0.0.0"  # noqa: S104 (shown, not listened on)
    return f"{scheme}://{everywhere}{listen}{settings.http.prefix}"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _name_for_docker(settings: Settings) -> str | None:
    """How docker names the registry, if it can: with TLS, by a name in the certificate."""
    if settings.http.prefix != "/":
        return None  # the names of images have no room for a path before /v2/
    if settings.http.host:
        return urlsplit(settings.http.host).netloc
    listen = settings.http.listen
    if isinstance(listen, UnixAddress) or listen.port == 0:
        return None
    if settings.http.tls.letsencrypt.hosts:
        return str(TcpAddress(settings.http.tls.letsencrypt.hosts[0], listen.port))
    if settings.http.tls.enabled and (not listen.host or _is_address(listen.host)):
        return None  # no name is known that the certificate would be for
    if listen.host in ("", "0.0.0.0", "::"):  # noqa: S104 (compared, not listened on)
        return f"127.0.0.1:{listen.port}"
    return str(listen)
