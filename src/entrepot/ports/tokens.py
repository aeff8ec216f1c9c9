"""Bearer tokens: who may still use one, and what the token server keeps.

Times are microseconds since 1970, UTC.
"""

from dataclasses import dataclass, field
from typing import Protocol

from entrepot.ports.access import Kind


class SecurityStamps(Protocol):
    """Tells whether who was let in before may still come in.

    Asked with each request that carries one of Entrepot's own tokens, so it costs no more than a
    look at whether anything has changed.
    """

    async def security_stamp(self, name: str, credential: str = "") -> str | None:
        """Give an account's stamp, which is another one as soon as its password is replaced.

        Args:
            name: the account's.
            credential: names the secret of the token by which it logged in; empty for a
                password.

        Returns:
            None when nobody may come in like that: unknown, disabled, expired, or taken away.
        """
        ...


class WatchedContent(Protocol):
    """Something that is read again when it changes: a file of keys."""

    name: str
    """What it is, for messages."""

    def read_if_changed(self, *, surely: bool = False) -> bytes | None:
        """Give the content when it is another one than was given last; None when it is the same.

        Args:
            surely: read it even where it looks unchanged from outside.

        Raises:
            OSError: it cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class Authority:
    """The root that certifies signing keys, for registries that trust certificates.

    Attributes:
        private_key: PKCS#8, PEM.
        certificate: PEM; what others are told to trust.
    """

    private_key: bytes = field(repr=False)
    certificate: bytes


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key of the token server.

    Attributes:
        number: 1 for the first key; each has one more than the key before it.
        kid: its name in tokens.
        private_key: PKCS#8, PEM.
        certificate: by the authority, PEM.
        signs_from: when it begins to sign; it ends when the next one begins.
    """

    number: int
    kid: str
    private_key: bytes = field(repr=False)
    certificate: bytes
    signs_from: int


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """What is known of a refresh token; never the token itself.

    Attributes:
        digest: of the token, SHA-256 in hexadecimal.
        account: whose it is.
        kind: of that account.
        groups: those that only the authenticator knew of.
        mark: of the account when the token was given; the token dies when that changes.
        service: what its access tokens are for.
        client: what the client calls itself.
        expires_at: when it ends if it is not used before.
    """

    digest: str
    account: str
    kind: Kind
    groups: frozenset[str]
    mark: str
    service: str
    client: str
    created_at: int
    used_at: int
    expires_at: int


class SigningKeys(Protocol):
    """Keeps the token server's keys, the same for all workers and nodes.

    Everything here and in `RefreshTokens` raises MetadataOutage when the database fails.
    """

    async def authority(self) -> Authority | None:
        """Find the authority; None before the first start."""
        ...

    async def keep_authority(self, authority: Authority, now: int) -> Authority:
        """Keep the authority; gives the one that somebody else kept before, where there is one."""
        ...

    async def signing_keys(self) -> list[SigningKey]:
        """List the keys by their numbers."""
        ...

    async def keep_signing_key(self, key: SigningKey, now: int) -> bool:
        """Keep a new key; False when somebody else has kept one of the same number."""
        ...

    async def forget_signing_keys(self, before: int) -> int:
        """Remove keys with lower numbers; tell how many."""
        ...

    async def forget_all_keys(self) -> None:
        """Remove every key and the authority in one step; new ones replace them."""
        ...


class RefreshTokens(Protocol):
    """Keeps refresh tokens."""

    async def keep_refresh_token(self, token: RefreshToken) -> None:
        """Keep a new one."""
        ...

    async def refresh_token(self, digest: str) -> RefreshToken | None:
        """Find one."""
        ...

    async def refresh_tokens(self, account: str, after: str, limit: int) -> list[RefreshToken]:
        """List an account's, by digest, from behind one."""
        ...

    async def note_use(self, digest: str, now: int, expires_at: int) -> None:
        """Write down that one was used, and that it lives longer."""
        ...

    async def revoke_refresh_token(self, digest: str) -> bool:
        """Remove one; False when it is unknown."""
        ...

    async def revoke_refresh_tokens(self, account: str) -> int:
        """Remove all of an account; tell how many."""
        ...

    async def forget_expired(self, now: int, limit: int) -> int:
        """Remove some that have ended; tell how many."""
        ...


class TokenStore(SigningKeys, RefreshTokens, Protocol):
    """All that the token server keeps."""
