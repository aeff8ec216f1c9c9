"""The token server's keys and refresh tokens in the metadata's database."""

import json

from entrepot.drivers.sql.database import Database, Row, Session, change
from entrepot.ports.access import Kind
from entrepot.ports.tokens import Authority, RefreshToken, SigningKey

_BEHIND_ALL = 2**62


class SqlTokenStore:
    """Implements `TokenStore`.

    Args:
        database: has them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def authority(self) -> Authority | None:
        """Find the authority; None before the first start."""
        rows = await self._database.rows("token_authority")
        return Authority(*rows[0]) if rows else None

    async def keep_authority(self, authority: Authority, now: int) -> Authority:
        """Keep the authority; gives the one that somebody else kept before, where there is one."""

        async def work(session: Session) -> Authority:
            await session.run(
                "keep_token_authority",
                private_key=authority.private_key,
                certificate=authority.certificate,
                now=now,
            )
            return Authority(*(await session.rows("token_authority"))[0])

        return await self._database.transaction(work)

    async def signing_keys(self) -> list[SigningKey]:
        """List the keys by their numbers."""
        return [SigningKey(*row) for row in await self._database.rows("signing_keys", after=0)]

    async def keep_signing_key(self, key: SigningKey, now: int) -> bool:
        """Keep a new key; False when somebody else has kept one of the same number."""
        kept = await change(
            self._database,
            "keep_signing_key",
            number=key.number,
            kid=key.kid,
            private_key=key.private_key,
            certificate=key.certificate,
            signs_from=key.signs_from,
            now=now,
        )
        return kept == 1

    async def forget_signing_keys(self, before: int) -> int:
        """Remove keys with lower numbers; tell how many."""
        return await change(self._database, "forget_signing_keys", before=before)

    async def forget_all_keys(self) -> None:
        """Remove every key and the authority in one step; new ones replace them."""

        async def work(session: Session) -> None:
            await session.run("forget_signing_keys", before=_BEHIND_ALL)
            await session.run("forget_token_authority")

        await self._database.transaction(work)

    async def keep_refresh_token(self, token: RefreshToken) -> None:
        """Keep a new one."""
        await change(
            self._database,
            "keep_refresh_token",
            digest=token.digest,
            account=token.account,
            kind=str(token.kind),
            groups=json.dumps(sorted(token.groups)),
            mark=token.mark,
            service=token.service,
            client=token.client,
            created_at=token.created_at,
            used_at=token.used_at,
            expires_at=token.expires_at,
        )

    async def refresh_token(self, digest: str) -> RefreshToken | None:
        """Find one."""
        rows = await self._database.rows("refresh_token", digest=digest)
        return _refresh_token(rows[0]) if rows else None

    async def refresh_tokens(self, account: str, after: str, limit: int) -> list[RefreshToken]:
        """List an account's, by digest, from behind one."""
        rows = await self._database.rows(
            "refresh_tokens", account=account, after=after, limit=limit
        )
        return [_refresh_token(row) for row in rows]

    async def note_use(self, digest: str, now: int, expires_at: int) -> None:
        """Write down that one was used, and that it lives longer."""
        await change(
            self._database,
            "note_use_of_refresh_token",
            digest=digest,
            now=now,
            expires_at=expires_at,
        )

    async def revoke_refresh_token(self, digest: str) -> bool:
        """Remove one; False when it is unknown."""
        return await change(self._database, "revoke_refresh_token", digest=digest) == 1

    async def revoke_refresh_tokens(self, account: str) -> int:
        """Remove all of an account; tell how many."""
        return await change(self._database, "revoke_refresh_tokens", account=account)

    async def forget_expired(self, now: int, limit: int) -> int:
        """Remove some that have ended; tell how many."""
        return await change(self._database, "forget_expired_refresh_tokens", now=now, limit=limit)


def _refresh_token(row: Row) -> RefreshToken:
    digest, account, kind, groups, *rest = row
    return RefreshToken(digest, account, Kind(kind), frozenset(json.loads(groups)), *rest)
