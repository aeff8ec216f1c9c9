"""The section ``access``, Entrepot's own: accounts, and rules of who may do what."""

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Annotated

from entrepot.config.fields import PositiveSeconds, ReadBy, Switch, at_least, one_of
from entrepot.config.token_auth import TokenServerSettings
from entrepot.oci.repository_glob import RepositoryGlob

ACTIONS = ("pull", "push", "delete", "list", "admin")
EVERYBODY = ("authenticated", "anonymous")
NAMED_SUBJECTS = ("user", "group", "robot")

_SUBJECTS = "user:NAME, group:NAME, robot:NAME, authenticated or anonymous"
_HEADER = re.compile(r"[A-Za-z0-9-]+")
# What a proxy may not use: they say something else, and some are believed from others, too.
_OTHER_HEADERS = frozenset({"authorization", "cookie", "forwarded", "host", "content-length"})


def parse_subject(text: str) -> tuple[str, str]:
    """Take one of the ``who`` of a rule apart.

    Args:
        text: ``user:NAME``, ``group:NAME``, ``robot:NAME``, ``authenticated`` or ``anonymous``.

    Returns:
        The kind, and the name; an empty name for everybody of a kind.

    Raises:
        ValueError: it is none of these; the message says what was expected.
    """
    if text in EVERYBODY:
        return text, ""
    kind, colon, name = text.partition(":")
    if not colon or kind not in NAMED_SUBJECTS:
        raise ValueError(f"one of {_SUBJECTS}")
    if not name or name != name.strip() or not name.isprintable() or ":" in name:
        raise ValueError(f"a name after {kind}:, without colons and blanks around it")
    return kind, name


def _subject(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"one of {_SUBJECTS}")
    parse_subject(value)
    return value


def _pattern(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a pattern of repositories, such as team/**")
    try:
        RepositoryGlob.parse(value.removeprefix("!"))
    except ValueError as error:
        raise ValueError(f"a pattern of repositories, such as team/** ({error})") from None
    return value


def _header(value: object) -> str:
    if isinstance(value, str) and _HEADER.fullmatch(value):
        name = value.lower()
        if name not in _OTHER_HEADERS and not name.startswith("x-forwarded-"):
            return name
    raise ValueError("the name of a header that nothing else uses, such as X-Client-Subject")


def _networks(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError("a list of addresses, such as [10.0.0.5, 10.1.0.0/29]")
    try:
        return tuple(str(ipaddress.ip_network(network, strict=False)) for network in value)
    except ValueError as error:
        raise ValueError(f"a list of addresses, such as [10.0.0.5] ({error})") from None


Subject = Annotated[str, ReadBy(_subject)]
Allowed = Annotated[str, one_of(*ACTIONS)]
Pattern = Annotated[str, ReadBy(_pattern)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSettings:
    """One of ``access.rules``: some may do something in some repositories.

    Args:
        who: accounts, groups, or everybody of a kind.
        may: what they may do.
        repositories: patterns; those with ``!`` in front take away from the others.
    """

    who: tuple[Subject, ...]
    may: tuple[Allowed, ...]
    repositories: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuessSettings:
    """``access.guesses``: how those are slowed down who send wrong credentials.

    Args:
        account: wrong ones for one account from one address before the next has to wait.
        address: wrong ones from one address, for whatever account, before the next has to wait.
        longest: seconds that they have to wait at most.
        forget: seconds without a wrong one after which the earlier ones are forgotten.
    """

    account: Annotated[int, at_least(1)] = 5
    address: Annotated[int, at_least(1)] = 50
    longest: PositiveSeconds = 15 * 60.0
    forget: PositiveSeconds = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySettings:
    """``access.proxy``: a proxy in front that has asked for a client's certificate.

    Args:
        header: in which the proxy puts the certificate's subject, or just the user's name.
        networks: the proxy's addresses; the header is ignored from everybody else.
    """

    header: Annotated[str, ReadBy(_header)]
    networks: Annotated[tuple[str, ...], ReadBy(_networks)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSettings:
    """``access``.

    Args:
        enabled: accounts and rules are in force; None where nothing of the section is set.
        rules: those of the file; the database may have more.
        token: Entrepot's own token server.
        guesses: how wrong credentials slow down; holds for every way to authenticate.
        proxy: who else may say whose request it is; None for nobody.
    """

    enabled: Switch = False
    rules: tuple[RuleSettings, ...] = ()
    token: TokenServerSettings = field(default_factory=TokenServerSettings)
    guesses: GuessSettings = field(default_factory=GuessSettings)
    proxy: ProxySettings | None = None
