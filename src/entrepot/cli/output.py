"""Output of commands: messages on stderr, coloured on a terminal only; results on stdout."""

import os
import sys

_RED, _YELLOW, _PLAIN = "\033[31m", "\033[33m", "\033[0m"
_busy: list[str] = []


def set_busy(what: str) -> None:
    """Note what an interrupted command would have to wait for.

    Args:
        what: a clause, such as `blob sha256:… is read`.
    """
    _busy[:] = [what]


def busy() -> str:
    """Say what was noted last."""
    return _busy[0] if _busy else "the step in progress is done"


def say(text: str) -> None:
    """Print a message that is not a result, such as progress."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 (this is where printing happens)


def warn(text: str) -> None:
    """Print a warning."""
    say(f"{_coloured('warning:', _YELLOW)} {text}")


def fail(text: str) -> None:
    """Print why a command failed."""
    say(f"{_coloured('error:', _RED)} {text}")


def result(text: str) -> None:
    """Print a result on stdout."""
    print(text, flush=True)  # noqa: T201 (this is where printing happens)


def _coloured(text: str, colour: str) -> str:
    wanted = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    return f"{colour}{text}{_PLAIN}" if wanted and os.environ.get("TERM") != "dumb" else text
