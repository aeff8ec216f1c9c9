"""Keys of ``proxies``: registries that are mirrored here."""

from entrepot.config.keys.key import Key, Since, works

_OWN = Since.OWN

KEYS: tuple[Key, ...] = (
    works("proxies[].host", "its name in references, such as `docker.io`", _OWN),
    works("proxies[].remoteurl", "its URL, or a list of URLs that are tried in turn", _OWN),
    works("proxies[].aliases", "further names of the same registry", _OWN),
    works("proxies[].default", "it is meant by requests for names that are not here", _OWN),
    works("proxies[].username", "there; nobody by default", _OWN),
    works("proxies[].password", "of the user", _OWN),
    works("proxies[].exec.command", "prints credentials, as a credential helper of docker", _OWN),
    works("proxies[].exec.lifetime", "for which they are good", _OWN),
    works("proxies[].dockerconfig", "a `config.json` of docker that has credentials", _OWN),
    works("proxies[].ca", "certificates to trust; the system's by default", _OWN),
    works("proxies[].certificate", "a client certificate", _OWN),
    works("proxies[].key", "of the client certificate", _OWN),
    works("proxies[].skipverify", "takes any certificate", _OWN),
    works("proxies[].connecttimeout", "until a connection stands; `10s` by default", _OWN),
    works("proxies[].readtimeout", "without a byte; `30s` by default", _OWN),
    works("proxies[].connections", "at once, for each worker; 16 by default", _OWN),
    works("proxies[].allow", "patterns of repositories that are mirrored; all by default", _OWN),
    works("proxies[].deny", "patterns of repositories that are not, of those", _OWN),
    works(
        "proxies[].ttl", "after which a tag is compared; `5m` by default, `0` for each time", _OWN
    ),
    works("proxies[].slow", "after which what is here is served; `10s` by default", _OWN),
    works("proxies[].offline", "it is never asked; what is here is served", _OWN),
    works("proxies[].maxsize", "bytes of blobs that are kept of it; no limit by default", _OWN),
    works("proxies[].maxage", "without a pull, after which an image goes; never by default", _OWN),
    works("proxies[].pinned", "patterns of images that stay all the same", _OWN),
    works("proxies[].prefetch.platforms[].os", "`linux` by default", _OWN),
    works(
        "proxies[].prefetch.platforms[].architecture",
        "such as `arm64`: with an index, its images for this platform are fetched",
        _OWN,
    ),
)
