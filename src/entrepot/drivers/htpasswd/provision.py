"""Makes a file of passwords where there is none, as Docker Registry does."""

import os
import secrets
from pathlib import Path

from entrepot.errors import ConfigurationError

USER = "docker"
_COST = 10
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def provision(path: Path) -> str | None:
    """Make the file with one user, when it is missing.

    Args:
        path: of the file; folders that lead there are made, too.

    Returns:
        The password of the user ``docker``, which is nowhere else; None where there is a file.

    Raises:
        ConfigurationError: the file is missing and cannot be made.
    """
    if path.exists():
        return None
    import bcrypt

    password = secrets.token_urlsafe(32)
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(_COST)).decode()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, _NEW, 0o600), "w") as file:
            file.write(f"{USER}:{hashed}\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ConfigurationError(
            f"auth.htpasswd.path: {path} is missing and cannot be made: {error.strerror or error}"
        ) from error
    return password
