"""The program ``registry``: takes what the images of Docker Registry 2 and 3 take.

Their entry point runs ``registry serve FILE`` for the name of a file, and ``registry ...`` for
anything else; both ways lead here.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from entrepot import __version__
from entrepot.cli import exit_codes
from entrepot.cli.output import fail, result

_FLAGS = {"d": "--dry-run", "m": "--delete-untagged", "q": "--quiet"}
# What strconv.ParseBool of Go takes.
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})

_HELP = """\
Entrepot, started as Docker Registry is.

Usage:
  registry serve [CONFIG]    run the registry
  registry CONFIG            the same, for a file that exists or ends in .yml or .yaml
  registry garbage-collect [--dry-run] [--delete-untagged] CONFIG
                             remove what nothing refers to; the registry may be running
  registry --version         print the version
  registry help              print this

entrepot --help has more."""


def main() -> None:
    """Run ``registry`` and leave the process."""
    arguments = sys.argv[1:]
    command = arguments[0] if arguments else "help"
    if command in ("help", "--help", "-h"):
        result(_HELP)
    elif command in ("--version", "-v", "version"):
        result(f"registry (Entrepot) {__version__}")
    elif command == "garbage-collect":
        # As Docker Registry's: everything is looked at; unlike it, a registry may run meanwhile.
        _run(["gc", "--now", *_without_go_forms(arguments[1:])])
    elif command == "serve":
        _run(["serve", *arguments[1:]])
    elif len(arguments) == 1 and _is_configuration(command):
        _run(["serve", command])
    else:
        fail(f"unknown command {command!r}\n\n{_HELP}")
        sys.exit(exit_codes.USAGE)


def _without_go_forms(arguments: Sequence[str]) -> list[str]:
    """Write flags as `gc` takes them: `-m=true`, `--dry-run=false`, `-dm`; what is new passes."""
    flags: dict[str, bool] = {}
    others = []
    for argument in arguments:
        word, equals, value = argument.partition("=")
        names = _flags(word)
        if not names:
            others.append(argument)
            continue
        if equals and value not in _TRUE | _FALSE:
            fail(f"{argument}: expected true or false after =")
            sys.exit(exit_codes.USAGE)
        flags |= dict.fromkeys(names, True)
        if equals:
            flags[names[-1]] = value in _TRUE
    return [name for name, on in flags.items() if on and name != "--quiet"] + others


def _flags(word: str) -> list[str]:
    if word in _FLAGS.values():
        return [word]
    letters = word.removeprefix("-")
    if letters and letters != word and set(letters) <= set(_FLAGS):
        return [_FLAGS[letter] for letter in letters]
    return []


def _is_configuration(argument: str) -> bool:
    return argument.endswith((".yml", ".yaml")) or Path(argument).is_file()


def _run(arguments: list[str]) -> None:
    from entrepot.cli import run

    run(arguments, name="registry")


if __name__ == "__main__":
    main()
