"""The command line: one command a file, put together in ``program``."""

import sys
from collections.abc import Sequence


def main() -> None:
    """Run ``entrepot`` and leave the process."""
    run(sys.argv[1:])


def run(arguments: Sequence[str], name: str = "entrepot") -> None:
    """Run the program and leave the process.

    Args:
        arguments: what follows the program's name.
        name: the program's name in what it says.
    """
    if arguments[:1] == ["serve"]:
        # Before anything else: on another core it loads what workers need, while this process
        # loads the command line and reads the configuration.
        from entrepot.server import prepare

        prepare()
    from entrepot.cli import program

    if arguments[:1] != ["serve"]:
        program.catch_interrupts()
    program.run(arguments, name)
