"""Passwords that are generated at startup and printed once."""

import sys

from entrepot.assembly.accounts import first_administrator, make_password_file
from entrepot.assembly.backend import Backend


async def provide_passwords(backend: Backend) -> None:
    """Make the first administrator, and the file of ``auth.htpasswd``, where they are missing.

    Their passwords are told on standard error and in no log: logs hide what looks like a secret.

    Args:
        backend: of the registry.

    Raises:
        ConfigurationError: the file is missing and cannot be made.
        MetadataOutage: the database failed.
    """
    made = make_password_file(backend.settings)
    if made is not None:
        _tell(f"{made.path} was missing and was created with one user", *made.login)
    administrator = await first_administrator(backend)
    if administrator is not None:
        _tell("there was no account, so an administrator was created", *administrator)


def _tell(message: str, user: str, password: str) -> None:
    """Print it as plain text, whatever form the log has: what collects logs would keep a field."""
    line = f"{message}; this is shown only once:\n  user      {user}\n  password  {password}"
    print(line, file=sys.stderr, flush=True)  # noqa: T201 (nowhere else)
