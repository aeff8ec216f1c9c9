"""What has happened, recorded in the transaction of the change itself.

What has no row did not happen, and the other way round: webhooks, audit and search read these rows
and miss nothing. `Transaction.record` writes them; services say when, and of whom.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from entrepot.ports.access import Caller


class EventKind(StrEnum):
    """What sort of thing has happened."""

    REPOSITORY_CREATED = "repository.created"
    REPOSITORY_DELETED = "repository.deleted"
    MANIFEST_PUSHED = "manifest.pushed"
    MANIFEST_DELETED = "manifest.deleted"
    MANIFEST_RESTORED = "manifest.restored"
    TAG_CREATED = "tag.created"
    TAG_MOVED = "tag.moved"
    TAG_DELETED = "tag.deleted"
    BLOB_PUSHED = "blob.pushed"
    BLOB_MOUNTED = "blob.mounted"
    BLOB_DELETED = "blob.deleted"
    ACCOUNT_CREATED = "account.created"
    ACCOUNT_CHANGED = "account.changed"
    ACCOUNT_DELETED = "account.deleted"
    TOKEN_CREATED = "token.created"  # noqa: S105 (a name)
    TOKEN_ROTATED = "token.rotated"  # noqa: S105 (a name)
    TOKEN_DELETED = "token.deleted"  # noqa: S105 (a name)
    GROUP_CREATED = "group.created"
    GROUP_CHANGED = "group.changed"
    GROUP_DELETED = "group.deleted"
    RULE_CREATED = "rule.created"
    RULE_DELETED = "rule.deleted"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that has happened.

    Attributes:
        kind: what sort of thing.
        caller: who did it.
        at: when, in microseconds since 1970, UTC.
        repository: where; empty for what belongs to none.
        reference: a tag, or the name of an account, a group or a rule; empty for none.
        digest: of the manifest or blob; empty for none.
        details: what belongs to this kind alone, such as where a tag pointed before.
    """

    kind: EventKind
    caller: Caller
    at: int
    repository: str = ""
    reference: str = ""
    digest: str = ""
    details: Mapping[str, str | int | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Origin:
    """Whence a change was asked for; empty for the registry's own work and for commands.

    Attributes:
        address: of the client, without a port.
        request_id: as the logs have it.
        user_agent: as the client sent it.
    """

    address: str = ""
    request_id: str = ""
    user_agent: str = ""


NOWHERE = Origin()

ORIGIN: ContextVar[Origin] = ContextVar("origin", default=NOWHERE)
"""Of the request that this task answers; looked at when a change begins."""


class EventLog(Protocol):
    """Keeps what was recorded, for a while."""

    async def forget(self, before: int, limit: int) -> int:
        """Remove events that are older than a moment, oldest first; tell how many.

        The newest event stays, however old it is: numbers go on from it.

        Args:
            before: microseconds since 1970, UTC.
            limit: events at most; fewer removed than this says that there are no more.

        Raises:
            MetadataOutage: the database failed.
        """
        ...
