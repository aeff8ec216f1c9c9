"""Passwords that are made at the start, and told once, to whoever reads what the program prints."""

import json
import sys
from pathlib import Path

from entrepot.config.settings import Settings
from entrepot.drivers.htpasswd.provision import USER, provision


def provide_passwords(settings: Settings) -> None:
    """Make the file of ``auth.htpasswd`` where it is missing, and tell the password of its user.

    Told on standard error and in no log: logs hide what looks like a secret, and are kept.

    Args:
        settings: of the whole registry.

    Raises:
        ConfigurationError: the file is missing and cannot be made.
    """
    htpasswd = settings.auth.htpasswd
    if htpasswd is None:
        return
    password = provision(Path(htpasswd.path))
    if password is not None:
        message = f"{htpasswd.path} was missing, and was made with one user; this is told once"
        tell_password(settings, message, USER, password)


def tell_password(settings: Settings, message: str, user: str, password: str) -> None:
    """Print a password that is known nowhere else.

    Args:
        settings: say whether people or programs read what is printed.
        message: why there is one.
        user: whose.
        password: which.
    """
    if settings.log.formatter == "text":
        line = f"{message}:\n  user      {user}\n  password  {password}"
    else:
        line = json.dumps({"level": "warn", "msg": message, "user": user, "password": password})
    print(line, file=sys.stderr, flush=True)  # noqa: T201 (nowhere else)
