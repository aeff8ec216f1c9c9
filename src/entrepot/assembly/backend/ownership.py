"""Where a registry's data lies, and whose it is at this moment."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from entrepot.config.settings import Settings
from entrepot.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Places:
    """The files of a registry.

    Attributes:
        root: the folder of the blobs.
        database: the file of the metadata.
        sessions: the file of the upload sessions.
    """

    root: Path
    database: Path
    sessions: Path

    @classmethod
    def of(cls, settings: Settings, scratch: Path) -> "Places":
        """Read them from the settings.

        Args:
            settings: of the whole registry.
            scratch: where the databases lie when nothing is to be kept.
        """
        database = Path(settings.database_path or scratch / "metadata.db")
        root = Path(settings.storage.filesystem.rootdirectory).absolute()
        return cls(root, database, database.with_name("sessions.db"))


class FilesystemOwnership:
    """Locks on the data directory, which the kernel takes from whoever dies.

    Args:
        root: the data directory.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep other registries off the data until the block ends.

        Raises:
            StorageOutage: another one runs on it, or it cannot be used.
        """
        from entrepot.drivers.filesystem.ownership import hold
        from entrepot.drivers.filesystem.storage import prepare

        prepare(self._root)
        with hold(self._root):
            yield

    def join(self) -> None:
        """Let the next registry on the data wait for the end of this process, a worker.

        Raises:
            StorageOutage: the directory is gone.
        """
        from entrepot.drivers.filesystem.ownership import join

        join(self._root)

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Keep the database where it is while a command works, beside a registry that may run.

        Raises:
            StorageOutage: another database is being put in its place at this moment.
        """
        from entrepot.drivers.filesystem.ownership import work_beside

        with work_beside(self._root):
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep commands off the data, too, while its database is replaced. Needs `hold`.

        Raises:
            StorageOutage: a command is at work.
        """
        from entrepot.drivers.filesystem.ownership import nobody_beside

        with nobody_beside(self._root):
            yield

    @property
    def was_held(self) -> bool:
        """Whether a registry was ever here."""
        from entrepot.drivers.filesystem.layout import OWN_FOLDER

        return (self._root / OWN_FOLDER / "lock").exists()

    def check_user(self) -> None:
        """Refuse to make files that the registry could not work with afterwards.

        Raises:
            ConfigurationError: root would write into another user's directory.
        """
        owner = self._root.stat().st_uid
        if os.geteuid() == 0 and owner != 0:
            raise ConfigurationError(
                f"{self._root} belongs to user {owner}, who could not write into folders that root"
                f" makes: run this as that user, as in `setpriv --reuid {owner} --clear-groups"
                " entrepot import …`"
            )
