"""Passwords that are made at the start, and told once, to whoever reads what the program prints."""

import sys
from pathlib import Path

from entrepot.assembly.accounts import first_administrator
from entrepot.assembly.password_file import make_password_file
from entrepot.config.settings import Settings


async def provide_passwords(settings: Settings, scratch: Path) -> None:
    """Make the first administrator, and the file of ``auth.htpasswd``, where they are missing.

    Their passwords are told on standard error and in no log: logs hide what looks like a secret.

    Args:
        settings: of the whole registry.
        scratch: where the databases lie when nothing is to be kept.

    Raises:
        ConfigurationError: the file is missing and cannot be made.
        MetadataOutage: the database failed.
    """
    made = make_password_file(settings)
    if made is not None:
        _tell(f"{made.path} was missing, and was made with one user", *made.login)
    administrator = await first_administrator(settings, scratch)
    if administrator is not None:
        _tell("there was no account, and an administrator was made", *administrator)


def _tell(message: str, user: str, password: str) -> None:
    """Print it as plain text, whatever form the log has: what collects logs would keep a field."""
    line = f"{message}; this is told once:\n  user      {user}\n  password  {password}"
    print(line, file=sys.stderr, flush=True)  # noqa: T201 (nowhere else)
