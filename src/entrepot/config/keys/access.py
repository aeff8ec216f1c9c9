"""Keys of ``auth``, ``policy``, ``validation`` and ``compatibility``."""

from entrepot.config.document import Tree
from entrepot.config.keys.key import Since, later, never, refused, under, unneeded, works

_WHY = (
    "access control arrives in a later release, and Entrepot does not start with this rather than"
    " be open to everybody; until then, let a proxy in front ask for passwords"
)
_HTPASSWD = later("auth.htpasswd", _WHY, harmless=never)
_TOKEN = later("auth.token", _WHY, harmless=never)
_SILLY = later("auth.silly", _WHY, harmless=never)


def _off(value: Tree) -> bool:
    return value is None or (isinstance(value, str) and value.lower() in ("", "false", "no", "off"))


KEYS = (
    works("auth.none", "no access control"),
    _HTPASSWD,
    *under(_HTPASSWD, "realm path"),
    _TOKEN,
    *under(_TOKEN, "realm service issuer rootcertbundle autoredirect"),
    *under(_TOKEN, "autoredirectpath jwks signingalgorithms", Since.NEW),
    _SILLY,
    *under(_SILLY, "realm service"),
    later(
        "policy.repository.classes",
        "refusing images or plugins by their class arrives in a later release, with access control",
    ),
    works("validation.disabled", "the rest of the section does not apply"),
    unneeded("validation.enabled", "Docker Registry ignores it too: `disabled` took its place"),
    works("validation.manifests.urls.allow", "regular expressions; without any, no URL is allowed"),
    works("validation.manifests.urls.deny", "regular expressions"),
    works(
        "validation.manifests.indexes.platforms",
        "`all` (default), `none` or `list`: which images of an index must be present",
        Since.NEW,
    ),
    works("validation.manifests.indexes.platformlist[].os", "for `list`", Since.NEW),
    works("validation.manifests.indexes.platformlist[].architecture", "for `list`", Since.NEW),
    refused(
        "compatibility.schema1.enabled",
        "manifests of schema 1 can be neither pushed nor pulled: no client of the last years"
        " reads them",
        Since.OLD,
        harmless=_off,
    ),
    unneeded(
        "compatibility.schema1.signingkeyfile",
        "only manifests of schema 1 were signed",
        Since.OLD,
    ),
)
