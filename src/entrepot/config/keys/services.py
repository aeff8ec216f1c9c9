"""Keys of ``health``, ``notifications``, ``redis``, ``proxy``, ``middleware`` and the lists."""

from entrepot.config.document import Tree
from entrepot.config.keys.key import Key, Since, later, refused, under, unneeded, works


def _disabled(entry: Tree) -> bool:
    return isinstance(entry, dict) and entry.get("disabled") == "true"


def _nothing_enabled(value: Tree) -> bool:
    return not value or (isinstance(value, list) and all(map(_disabled, value)))


def _no_endpoint(value: Tree) -> bool:
    return not value or (isinstance(value, dict) and _nothing_enabled(value.get("endpoints")))


_NOTIFICATIONS = later(
    "notifications", "events for other programs arrive in a later release", harmless=_no_endpoint
)
_REDIS = unneeded("redis", "Entrepot keeps nothing in Redis: its database answers as fast")
_GO_CODE = "this is Go code compiled into Docker Registry, which Entrepot cannot run"
_MIDDLEWARE = tuple(
    refused(f"middleware.{hook}", _GO_CODE, harmless=_nothing_enabled)
    for hook in ("registry", "repository")
)
_REDIRECTS = later(
    "middleware.storage",
    "redirects to a network of caches arrive with object storage in a later release",
    harmless=_nothing_enabled,
)

KEYS: tuple[Key, ...] = (
    works("health.storagedriver.enabled", "whether the storage is checked"),
    works("health.storagedriver.interval", "`10s` by default"),
    works("health.storagedriver.threshold", "failures in a row; 1 by default"),
    works("health.file[].file", "unhealthy while the file exists"),
    works("health.file[].interval", "`10s` by default"),
    works("health.file[].threshold", "failures in a row; 1 by default"),
    works("health.http[].uri", "asked with HEAD"),
    works("health.http[].headers.*", "sent with the request"),
    works("health.http[].statuscode", "the answer that is healthy; 200 by default"),
    works("health.http[].timeout", "`5s` by default"),
    works("health.http[].interval", "`10s` by default"),
    works("health.http[].threshold", "failures in a row; 1 by default"),
    works("health.tcp[].addr", "`HOST:PORT`; unhealthy unless a connection opens"),
    works("health.tcp[].timeout", "`5s` by default"),
    works("health.tcp[].interval", "`10s` by default"),
    works("health.tcp[].threshold", "failures in a row; 1 by default"),
    works("catalog.maxentries", "the most repositories in one answer; 1000 by default"),
    works("tags.maxtags", "the most tags in one answer; 1000 by default", Since.NEW),
    _NOTIFICATIONS,
    *under(_NOTIFICATIONS, "events.includereferences"),
    *under(_NOTIFICATIONS, "endpoints[].name endpoints[].disabled endpoints[].url"),
    *under(_NOTIFICATIONS, "endpoints[].headers.* endpoints[].timeout endpoints[].threshold"),
    *under(_NOTIFICATIONS, "endpoints[].backoff endpoints[].ignoredmediatypes"),
    *under(_NOTIFICATIONS, "endpoints[].ignore.mediatypes endpoints[].ignore.actions"),
    works("proxy.remoteurl", "the whole registry mirrors this one ([mirrors](mirrors.md#proxy))"),
    works("proxy.username", "there; nobody by default"),
    works("proxy.password", "of the user"),
    works(
        "proxy.ttl",
        "without a pull, after which an image goes; `168h` by default, `0` for never. Docker"
        " Registry counts from the download",
    ),
    works("proxy.exec.command", "prints credentials, as a credential helper of docker", Since.NEW),
    works("proxy.exec.lifetime", "for which they are good", Since.NEW),
    unneeded(
        "proxy.cachewritetimeout",
        "what clients wait for is written while they read it",
        Since.NEW,
    ),
    later(
        "proxy.remotenamespace",
        "a namespace in place of the names that are asked for arrives in a later release",
        Since.NEW,
    ),
    _REDIS,
    *under(_REDIS, "password db dialtimeout readtimeout writetimeout"),
    *under(_REDIS, "addr tls.enabled pool.maxidle pool.maxactive pool.idletimeout", Since.OLD),
    *under(_REDIS, "addrs clientname protocol username sentinelusername", Since.NEW),
    *under(_REDIS, "sentinelpassword maxretries minretrybackoff maxretrybackoff", Since.NEW),
    *under(_REDIS, "contexttimeoutenabled poolfifo poolsize pooltimeout", Since.NEW),
    *under(_REDIS, "minidleconns maxidleconns maxactiveconns connmaxidletime", Since.NEW),
    *under(_REDIS, "connmaxlifetime maxredirects readonly routebylatency", Since.NEW),
    *under(_REDIS, "routerandomly mastername disableidentity identitysuffix", Since.NEW),
    *under(_REDIS, "unstableresp3 tls.certificate tls.key tls.rootcas tls.clientcas", Since.NEW),
    *_MIDDLEWARE,
    *(key for hook in _MIDDLEWARE for key in under(hook, "[].name [].disabled [].options.*")),
    _REDIRECTS,
    *under(_REDIRECTS, "[].name [].disabled [].options.*"),
)
