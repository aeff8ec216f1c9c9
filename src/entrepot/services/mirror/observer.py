"""Who is told what a mirror does, for metrics. Assembly says who that is."""

from typing import Protocol


class MirrorObserver(Protocol):
    """Is told what happens, of the upstream with this host."""

    def hit(self, host: str, size: int) -> None:
        """Something was served from what is here; size in bytes that the upstream did not send."""
        ...

    def miss(self, host: str) -> None:
        """Something was fetched."""
        ...

    def received(self, host: str, size: int) -> None:
        """Bytes came from the upstream."""
        ...

    def stale(self, host: str) -> None:
        """Something was served that could not be compared with the upstream's."""
        ...

    def breaker(self, host: str, *, is_open: bool) -> None:
        """The upstream is spared from now on, or is asked again."""
        ...


class NoObserver:
    """Implements `MirrorObserver` for nobody."""

    def hit(self, host: str, size: int) -> None:
        """Do nothing."""

    def miss(self, host: str) -> None:
        """Do nothing."""

    def received(self, host: str, size: int) -> None:
        """Do nothing."""

    def stale(self, host: str) -> None:
        """Do nothing."""

    def breaker(self, host: str, *, is_open: bool) -> None:
        """Do nothing."""
