"""Makes the file of ``auth.htpasswd`` where it is missing."""

from dataclasses import dataclass, field
from pathlib import Path

from entrepot.config.settings import Settings
from entrepot.drivers.htpasswd.provision import USER, provision


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that was made.

    Attributes:
        path: of the file.
        login: the name and the password of its one user.
    """

    path: str
    login: tuple[str, str] = field(repr=False)


def make_password_file(settings: Settings) -> MadeFile | None:
    """Make the file with one user. Called once, before there is any worker.

    Args:
        settings: of the whole registry.

    Returns:
        None where there is nothing to make.

    Raises:
        ConfigurationError: the file is missing and cannot be made.
    """
    htpasswd = settings.auth.htpasswd
    if htpasswd is None:
        return None
    password = provision(Path(htpasswd.path))
    return None if password is None else MadeFile(htpasswd.path, (USER, password))
