"""WWW-Authenticate: which credentials a registry asks for (RFC 9110 section 11.6.1)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

MOST_CHARACTERS = 16 * 1024
"""Of all header lines together; what is behind them is not read."""
MOST_CHALLENGES = 16

# Each alternative begins with another character, and none can match the same text in two ways.
_TOKEN = re.compile(r"[ \t,]*([A-Za-z0-9!#$%&'*+.^_`|~-]+)")
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_TOKEN68 = re.compile(r"[ \t]*[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))")
_UNQUOTED = re.compile(r"[^\s,\"]+")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to authenticate.

    Attributes:
        scheme: in lower case, such as `basic` and `bearer`.
        parameters: by their names in lower case; the first of several values counts.
    """

    scheme: str
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def realm(self) -> str:
        """The address of the token server, for `bearer`."""
        return self.parameters.get("realm", "")

    @property
    def service(self) -> str:
        """What the token server calls the registry."""
        return self.parameters.get("service", "")

    @property
    def scopes(self) -> tuple[str, ...]:
        """What the token is to allow."""
        return tuple(self.parameters.get("scope", "").split())


def parse_challenges(lines: Iterable[str]) -> list[Challenge]:
    """Read all challenges of an answer, in time linear in their text.

    Args:
        lines: the values of each WWW-Authenticate header; one may have several challenges.

    Returns:
        What can be read; reading of a line ends where it breaks the grammar.
    """
    challenges: list[Challenge] = []
    left = MOST_CHARACTERS
    for line in lines:
        _parse_line(line[:left], challenges)
        left -= len(line)
        if left <= 0:
            break
    return challenges[:MOST_CHALLENGES]


def _parse_line(line: str, challenges: list[Challenge]) -> None:
    place = 0
    current: Challenge | None = None
    while (token := _TOKEN.match(line, place)) is not None:
        name = token[1].lower()
        equals = _EQUALS.match(line, token.end())
        if equals is not None and current is not None:
            value, place = _parse_value(line, equals.end())
            current.parameters.setdefault(name, value)
            continue
        if len(challenges) >= MOST_CHALLENGES:
            return
        current = Challenge(name)
        challenges.append(current)
        place = _skip_token68(line, token.end())


def _skip_token68(line: str, place: int) -> int:
    """Go past the `YII…=` of `Negotiate YII…=`: a value without a name, of no use here."""
    following = _TOKEN.match(line, place)
    named = following is not None and _EQUALS.match(line, following.end())
    if named and not _is_padding(line, named.end()):
        return place
    bare = _TOKEN68.match(line, place)
    return place if bare is None else bare.end()


def _is_padding(line: str, place: int) -> bool:
    """Tell whether an equals sign ends a token68 instead of standing before a value."""
    return place >= len(line) or line[place] in "=,"


def _parse_value(line: str, place: int) -> tuple[str, int]:
    quoted = _QUOTED.match(line, place)
    if quoted is not None:
        return _ESCAPED.sub(r"\1", quoted[1]), quoted.end()
    bare = _UNQUOTED.match(line, place)
    if bare is not None:
        return bare[0], bare.end()
    return "", len(line)  # a quotation without an end: nothing behind it can be trusted
