"""What one setting asks of another."""

from entrepot.config.access_agreement import check_access
from entrepot.config.document import Document
from entrepot.config.problems import describe
from entrepot.config.retention import KeepSettings
from entrepot.config.settings import Settings
from entrepot.config.tls_agreement import check_tls_agreement


def check_agreement(settings: Settings, document: Document) -> list[str]:
    """Find settings that contradict each other.

    Args:
        settings: each valid by itself.
        document: its ``problems`` grow.

    Returns:
        Warnings.
    """
    warnings = check_access(settings, document)
    warnings += check_space(settings, document)
    check_mirrors(settings, document)
    http, debug = settings.http, settings.http.debug
    warnings += check_tls_agreement(http.tls, document)
    try:
        address = http.listen
    except ValueError as error:
        document.refuse(("http", "addr"), describe(("http", "addr"), http.addr), str(error))
    else:
        if debug.listen and debug.listen == address and debug.listen.port:
            found = describe((), debug.addr)
            document.refuse(("http", "debug", "addr"), found, "another address than http.addr")
    if http.net == "unix" and ("http", "addr") not in document.origins:
        document.refuse(("http", "addr"), None, "a file for the socket, as http.net is unix")
    if debug.prometheus.enabled and debug.addr is None:
        place = ("http", "debug", "prometheus", "enabled")
        warnings.append(f"{document.origin(place)}: metrics are off: http.debug.addr is not set")
    return warnings


def check_mirrors(settings: Settings, document: Document) -> None:
    """Find mirrors that contradict each other, or ask what nobody writes down.

    Args:
        settings: each valid by itself.
        document: its ``problems`` grow.
    """
    if settings.proxies and settings.proxy.remoteurl:
        expected = "this key to be left out: proxy mirrors one registry under every name"
        document.refuse(("proxies",), "proxies", expected)
    hosts: dict[str, int] = {}
    default: int | None = None
    for place, upstream in enumerate(settings.mirrors.upstreams):
        path = ("proxies", place)
        for host in (upstream.host, *upstream.aliases):
            if hosts.setdefault(host.lower(), place) != place:
                document.refuse((*path, "host"), repr(host), "another host: it has an item already")
        if upstream.default and default is not None:
            document.refuse((*path, "default"), "true", "one default, which is another one already")
        default = place if upstream.default else default
        if not settings.pulls.enabled:
            for key in ("maxsize", "maxage"):
                if getattr(upstream, key) is not None:
                    document.refuse((*path, key), key, "pulls.enabled: true, for it asks when")


def check_space(settings: Settings, document: Document) -> list[str]:
    """Find rules that ask what nobody writes down, or that nobody applies.

    Args:
        settings: each valid by itself.
        document: its ``problems`` grow.

    Returns:
        Warnings.
    """
    for place, rule in enumerate(settings.retention.rules):
        path = ("retention", "rules", place, "keep")
        if rule.keep == KeepSettings():
            choices = "last, versions, pulled, younger, pulledwithin or matching"
            document.refuse(
                path, None, f"what to keep ({choices}); otherwise every tag would be removed"
            )
        if not settings.pulls.enabled:
            for key in ("pulled", "pulledwithin"):
                if getattr(rule.keep, key) is not None:
                    document.refuse((*path, key), key, "pulls.enabled: true, for it asks when")
    retention = settings.retention
    if retention.rules and retention.schedule is None:
        origin = document.origin(("retention",))
        return [f"{origin}: retention.schedule is not set: `entrepot retention run` applies rules"]
    if retention.schedule is not None and not retention.rules:
        origin = document.origin(("retention", "schedule"))
        return [f"{origin}: retention.schedule has no effect: there are no retention.rules"]
    return []
