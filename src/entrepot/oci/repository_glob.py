"""Patterns over repository names, as rules of access, retention and quotas have them.

`*` stands for any characters within one path component, `**` alone between slashes for any
number of components (none, too), `{user}` for the name of whoever asks. Everything else stands
for itself. So `team/*` is every repository one step below `team`, `team/**` is `team` and all
below it, and `**` is every repository.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from entrepot.errors import InvalidName
from entrepot.oci.excerpt import excerpt
from entrepot.oci.name import RepositoryName

MAX_GLOB_LENGTH = 512

_ANY = "**"
_USER = "{user}"
_PARTS = re.compile(r"(\*|\{user\})")
_LITERAL = re.compile(r"[a-z0-9._-]+")
# Between the caller's name and the repository's, in what a regular expression is matched against.
_BOUNDARY = "\0"
_WHAT = (
    "expected lower-case letters, digits, '.', '_' and '-' between slashes, with '*' for any "
    "characters between two slashes, '**' for any number of components, and '{user}' for the "
    "caller's name"
)


@dataclass(frozen=True, slots=True)
class RepositoryGlob:
    """A pattern that was read once. Matching takes time linear in the name's length.

    Attributes:
        text: the pattern as it was written.
    """

    text: str
    # Compiled when it is first needed: of a thousand patterns, few ever are.
    _compiled: re.Pattern[str] | None = field(default=None, init=False, repr=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a pattern.

        Raises:
            ValueError: it is none; the message says what was expected.
        """
        if len(text) > MAX_GLOB_LENGTH:
            raise ValueError(f"a pattern has at most {MAX_GLOB_LENGTH} characters, not {len(text)}")
        if text.startswith("!"):
            raise ValueError(f"{excerpt(text)!r}: '!' takes away from a list and is of no use here")
        components = text.split("/")
        for component in components:
            _check_component(component, text)
        if not _PARTS.search(text):
            _check_name(text)
        return cls(text)

    @property
    def of_user(self) -> bool:
        """Whether it means something else for each caller."""
        return _USER in self.text

    def matches(self, name: str, user: str = "") -> bool:
        """Tell whether a repository is meant.

        Args:
            name: of the repository.
            user: the name of whoever asks; where it is empty or has a slash, `{user}` stands for
                nothing that exists.
        """
        if self.of_user and (not user or "/" in user or _BOUNDARY in user):
            return False
        subject = f"{user}{_BOUNDARY}{name}/" if self.of_user else f"{name}/"
        compiled = self._compiled
        if compiled is None:
            compiled = re.compile(_expression(self.text.split("/")))
            object.__setattr__(self, "_compiled", compiled)
        return compiled.fullmatch(subject) is not None


@dataclass(frozen=True, slots=True)
class RepositoryGlobs:
    """A list of patterns: some mean repositories, those after `!` take some of these away.

    The order does not matter: what is taken away stays away.
    """

    wanted: tuple[RepositoryGlob, ...]
    unwanted: tuple[RepositoryGlob, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """Read a list of patterns.

        Raises:
            ValueError: one is none, or nothing but `!` patterns is there to take away from.
        """
        wanted, unwanted = [], []
        for text in texts:
            if text.startswith("!"):
                unwanted.append(RepositoryGlob.parse(text[1:]))
            else:
                wanted.append(RepositoryGlob.parse(text))
        if not wanted:
            raise ValueError(
                "expected at least one pattern without '!': those with it take away from the "
                "others ('**' is every repository)"
            )
        return cls(tuple(wanted), tuple(unwanted))

    @property
    def of_user(self) -> bool:
        """Whether they mean something else for each caller."""
        return any(glob.of_user for glob in (*self.wanted, *self.unwanted))

    def matches(self, name: str, user: str = "") -> bool:
        """Tell whether a repository is meant: wanted by one pattern, and unwanted by none."""
        return any(glob.matches(name, user) for glob in self.wanted) and not any(
            glob.matches(name, user) for glob in self.unwanted
        )

    def texts(self) -> tuple[str, ...]:
        """Give the patterns as they are written, those that take away last."""
        return (
            *(glob.text for glob in self.wanted),
            *(f"!{glob.text}" for glob in self.unwanted),
        )


def _check_component(component: str, text: str) -> None:
    if component == _ANY:
        return
    if _ANY in component:
        raise ValueError(f"{excerpt(text)!r}: '**' stands alone between slashes; {_WHAT}")
    for part in _PARTS.split(component):
        if part not in ("", "*", _USER) and not _LITERAL.fullmatch(part):
            raise ValueError(f"{excerpt(text)!r} is no pattern of repositories; {_WHAT}")
    if not component:
        raise ValueError(f"{excerpt(text)!r} has an empty component; {_WHAT}")


def _check_name(text: str) -> None:
    try:
        RepositoryName.parse(text)
    except InvalidName as error:
        raise ValueError(f"no repository can be called {excerpt(text)!r}: {error}") from error


def _expression(components: list[str]) -> str:
    """Write the regular expression, for names that end in a slash.

    It has no choice that could be worth taking back, so it never searches long: the pieces between
    two `*` of a component are each found at their leftmost place, and so are the runs of components
    between two `**`, which is never worse than any other place; an atomic group forgets those.
    """
    runs: list[str] = [""]
    for component in components:
        if component == _ANY:
            runs.append("")
        else:
            runs[-1] += f"{_component(component)}/"
    text = rf"(?P<user>[^{_BOUNDARY}]*+){_BOUNDARY}" if _USER in "/".join(components) else ""
    first, *between = runs
    text += first
    for run in between[:-1]:
        text += rf"(?>(?:[^/]++/)*?{run})"
    if between:
        text += rf"(?:[^/]++/)*{between[-1]}"
    return text


def _component(component: str) -> str:
    first, *between = component.split("*")
    text = _piece(first)
    for piece in between[:-1]:
        text += rf"(?>[^/]*?{_piece(piece)})"
    if between:
        text += rf"[^/]*{_piece(between[-1])}"
    return text


def _piece(piece: str) -> str:
    return "(?P=user)".join(re.escape(part) for part in piece.split(_USER))
