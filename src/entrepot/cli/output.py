"""What commands say to people: on stderr, in colour only where a person looks."""

import os
import sys

_RED, _YELLOW, _PLAIN = "\033[31m", "\033[33m", "\033[0m"


def say(text: str) -> None:
    """Tell something that is no result: progress, a greeting."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 (this is where printing happens)


def warn(text: str) -> None:
    """Tell what may go wrong."""
    say(f"{_coloured('warning:', _YELLOW)} {text}")


def fail(text: str) -> None:
    """Tell why a command ends without having done its work."""
    say(f"{_coloured('error:', _RED)} {text}")


def result(text: str) -> None:
    """Give what was asked for, on stdout."""
    print(text, flush=True)  # noqa: T201 (this is where printing happens)


def _coloured(text: str, colour: str) -> str:
    wanted = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    return f"{colour}{text}{_PLAIN}" if wanted and os.environ.get("TERM") != "dumb" else text
