"""Reading a password: typed twice on a terminal or from stdin, never an argument."""

import sys
from getpass import getpass
from typing import Annotated

import typer

from entrepot.services.access.passwords import check_password, random_password

PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from stdin.")
]
RandomPassword = Annotated[
    bool, typer.Option("--random-password", help="Generate a password and print it.")
]
_MAX_LINE = 4096


def ask_password(name: str, *, from_stdin: bool, random: bool) -> str:
    """Get a new password for a user.

    Args:
        name: the user.
        from_stdin: read it from stdin.
        random: generate one.

    Raises:
        typer.BadParameter: there is no way to get one.
        entrepot.errors.InvalidRequest: it is not acceptable.
    """
    if from_stdin and random:
        raise typer.BadParameter("--password-stdin and --random-password exclude each other")
    if random:
        return random_password()
    if from_stdin:
        # Some shells put a byte order mark in front of what they pipe.
        line = sys.stdin.readline(_MAX_LINE).removeprefix("\ufeff")
        return check_password(name, line.rstrip("\r\n"))
    if not sys.stdin.isatty():
        raise typer.BadParameter(
            "there is no terminal to ask on; use --password-stdin or --random-password"
        )
    password = check_password(name, getpass(f"Password for {name}: "))
    if getpass("Repeat it: ") != password:
        raise typer.BadParameter("the two passwords differ")
    return password
