"""Passwords are typed twice on a terminal, or read from stdin; never an argument."""

import sys
from getpass import getpass
from typing import Annotated

import typer

from entrepot.services.access.passwords import check_password, random_password

PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from stdin.")
]
RandomPassword = Annotated[
    bool, typer.Option("--random-password", help="Make a password, and print it.")
]
_MAX_LINE = 4096


def ask_password(name: str, *, from_stdin: bool, random: bool) -> str:
    """Give the password that a user shall have.

    Args:
        name: of the user.
        from_stdin: read it there.
        random: make one.

    Raises:
        typer.BadParameter: there is none to be had.
        entrepot.errors.InvalidRequest: it cannot be one.
    """
    if from_stdin and random:
        raise typer.BadParameter("--password-stdin and --random-password exclude each other")
    if random:
        return random_password()
    if from_stdin:
        return check_password(name, sys.stdin.readline(_MAX_LINE).rstrip("\r\n"))
    if not sys.stdin.isatty():
        raise typer.BadParameter(
            "there is no terminal to ask for a password; use --password-stdin or --random-password"
        )
    password = check_password(name, getpass(f"Password for {name}: "))
    if getpass("Once more: ") != password:
        raise typer.BadParameter("the two are not the same")
    return password
