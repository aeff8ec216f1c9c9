"""Keys of ``auth``, ``access``, ``policy``, ``validation`` and ``compatibility``."""

from entrepot.config.document import Tree
from entrepot.config.keys.key import Key, Since, later, refused, unneeded, works

_OWN = Since.OWN


def _off(value: Tree) -> bool:
    return value is None or (isinstance(value, str) and value.lower() in ("", "false", "no", "off"))


KEYS: tuple[Key, ...] = (
    works("auth.none", "no access control"),
    works("auth.htpasswd.realm", "what clients show when they ask for a password"),
    works(
        "auth.htpasswd.path",
        "a file of htpasswd's, hashes by bcrypt; read again when it changes, made where missing",
    ),
    works("auth.token.realm", "the URL where clients ask for tokens"),
    works("auth.token.service", "what tokens are for: their `aud`"),
    works("auth.token.issuer", "who makes them: their `iss`"),
    works("auth.token.rootcertbundle", "PEM certificates whose keys sign tokens"),
    works("auth.token.autoredirect", "tokens are asked for at the registry's own host"),
    works("auth.token.autoredirectpath", "the path there; `/auth/token` by default", Since.NEW),
    works("auth.token.jwks", "a JSON Web Key Set whose keys sign tokens", Since.NEW),
    works(
        "auth.token.signingalgorithms",
        "those that are accepted; by default all but those with a shared secret",
        Since.NEW,
    ),
    works("auth.silly.realm", "of the challenge; whoever sends any Authorization header is let in"),
    works("auth.silly.service", "of the challenge"),
    works("access.enabled", "accounts and rules are in force; what no rule allows is denied", _OWN),
    works(
        "access.rules[].who",
        "`user:NAME`, `group:NAME`, `robot:NAME`, `authenticated`, `anonymous`",
        _OWN,
    ),
    works("access.rules[].may", "`pull`, `push`, `delete`, `list`, `admin`", _OWN),
    works(
        "access.rules[].repositories",
        "patterns: `team/*`, `**`, `{user}/**`; those with `!` in front take away",
        _OWN,
    ),
    works("access.token.enabled", "clients are sent to the token server; `true` by default", _OWN),
    works("access.token.realm", "the token server's URL; by default of the request's host", _OWN),
    works("access.token.service", "what tokens are for; `entrepot` by default", _OWN),
    works("access.token.issuer", "who makes them; `entrepot` by default", _OWN),
    works(
        "access.token.services",
        "other registries that trust this one: tokens are issued for them, too",
        _OWN,
    ),
    works("access.token.lifetime", "of an access token; `5m` by default", _OWN),
    works("access.token.rotation", "how long a key signs; `720h` by default", _OWN),
    works(
        "access.token.refreshlifetime",
        "of a refresh token after its last use; `2160h` by default",
        _OWN,
    ),
    works(
        "access.guesses.account",
        "wrong credentials for an account from an address before it slows down; `5` by default",
        _OWN,
    ),
    works(
        "access.guesses.address",
        "wrong credentials from an address before it slows down; `50` by default",
        _OWN,
    ),
    works("access.guesses.longest", "that somebody has to wait at most; `15m` by default", _OWN),
    works("access.guesses.forget", "until wrong credentials are forgotten; `1h` by default", _OWN),
    works("access.proxy.header", "in which a proxy names whose certificate it has seen", _OWN),
    works("access.proxy.networks", "the proxy's addresses; nobody else is believed", _OWN),
    later(
        "policy.repository.classes",
        "refusing images or plugins by their class arrives in a later release, with access control",
    ),
    works("validation.disabled", "the rest of the section does not apply"),
    unneeded("validation.enabled", "Docker Registry ignores it too: `disabled` took its place"),
    works(
        "validation.manifests.urls.allow",
        "regular expressions; with neither list any URL is taken; with empty ones, none",
    ),
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
