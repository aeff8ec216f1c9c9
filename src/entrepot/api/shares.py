"""Memory that a worker holds for its clients, shared so that nobody can take all of it."""

from collections import Counter
from types import TracebackType
from typing import Self

from entrepot.api.request import Request
from entrepot.errors import Overloaded

_ALL = 64 * 1024 * 1024
_ONE = 16 * 1024 * 1024
# Most are smaller. They have room even when others hold all the rest.
_SMALL = 64 * 1024
_RESERVED = 32 * 1024 * 1024


class Shares:
    """Counts bytes, in total and by caller and address.

    Args:
        limit: the most bytes of one thing.
        one: the start of the message to a caller with too many: "you are pushing".
        things: what is held, as in "manifests".
        all_of_them: what is done with all of them, as in "being pushed".
    """

    def __init__(self, limit: int, one: str, things: str, all_of_them: str) -> None:
        self._most = max(_ALL, 4 * limit)
        self._most_of_one = max(_ONE, 2 * limit)
        self._one_has_too_many = f"{one} too many {things} at once; try again"
        self._too_many = f"too many {things} are {all_of_them} at once; try again"
        self._held = 0
        self._shares: Counter[tuple[str, str]] = Counter()

    def hold(self, request: Request, size: int = 0) -> "Held":
        """Begin to hold something for a caller, even if there is no room.

        Args:
            request: its caller has the share, at an address that cannot be forged.
            size: bytes of it that have already arrived.
        """
        client = request.scope.get("client")
        address = request.address or (client[0] if client else "")
        held = Held(self, (request.caller.name, address))
        held.size = size
        self.change(held.owner, size)
        return held

    def change(self, owner: tuple[str, str], size: int) -> None:
        """Count bytes that are now held or, if negative, released."""
        self._held += size
        self._shares[owner] += size
        if not self._shares[owner]:
            del self._shares[owner]

    def check(self, held: "Held") -> None:
        """Check that there is room for what is held.

        Raises:
            Overloaded: its owner, or all callers together, hold too much.
        """
        if self._shares[held.owner] > self._most_of_one:
            raise Overloaded(self._one_has_too_many)
        room = self._most + (_RESERVED if held.size <= _SMALL else 0)
        if self._held > room:
            raise Overloaded(self._too_many)


class Held:
    """Something that is held until it is closed."""

    __slots__ = ("_shares", "owner", "size")

    def __init__(self, shares: Shares, owner: tuple[str, str]) -> None:
        self._shares = shares
        self.owner = owner
        self.size = 0

    def add(self, size: int) -> None:
        """Hold more bytes of it.

        Raises:
            Overloaded: there is no room for them.
        """
        self.size += size
        self._shares.change(self.owner, size)
        self._shares.check(self)

    def close(self) -> None:
        """Release all of it."""
        self._shares.change(self.owner, -self.size)
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
