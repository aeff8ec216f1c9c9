"""The program ``registry``: takes what the images of Docker Registry 2 and 3 take.

Their entry point runs ``registry serve FILE`` for the name of a file, and ``registry ...`` for
anything else; both ways lead here.
"""

import sys
from pathlib import Path

from entrepot import __version__
from entrepot.cli import exit_codes
from entrepot.cli.output import fail, result

_QUIET = ("--quiet", "-q")

_HELP = """\
Entrepot, started as Docker Registry is.

Usage:
  registry serve [CONFIG]    run the registry
  registry CONFIG            the same, for a file that exists or ends in .yml or .yaml
  registry garbage-collect [--dry-run] [--delete-untagged] CONFIG
                             remove what nothing needs, while the registry runs or not
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
        _run(["gc", "--now", *(option for option in arguments[1:] if option not in _QUIET)])
    elif command == "serve":
        _run(["serve", *arguments[1:]])
    elif len(arguments) == 1 and _is_configuration(command):
        _run(["serve", command])
    else:
        fail(f"unknown command {command!r}\n\n{_HELP}")
        sys.exit(exit_codes.USAGE)


def _is_configuration(argument: str) -> bool:
    return argument.endswith((".yml", ".yaml")) or Path(argument).is_file()


def _run(arguments: list[str]) -> None:
    from entrepot.cli import run

    run(arguments, name="registry")


if __name__ == "__main__":
    main()
