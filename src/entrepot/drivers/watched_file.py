"""A file whose content is given again when it has changed."""

from pathlib import Path

LARGEST_BYTES = 4 * 1024 * 1024


class WatchedFile:
    """Implements `WatchedContent` for a file.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path
        self._seen: tuple[int, ...] = ()
        self._content: bytes | None = None

    def read_if_changed(self, *, surely: bool = False) -> bytes | None:
        """Give the content when it is another one than was given last; None when it is the same.

        Args:
            surely: read it even where size, times and identity are the same.

        Raises:
            OSError: it cannot be read, or is no file of a reasonable size.
        """
        status = self._path.stat()
        seen = (
            status.st_dev,
            status.st_ino,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
        )
        if seen == self._seen and not surely:
            return None
        with self._path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
        if len(content) > LARGEST_BYTES:
            raise OSError(f"it has more than {LARGEST_BYTES} bytes")
        self._seen = seen
        if content == self._content:
            return None
        self._content = content
        return content
