"""Accounts put together: the first administrator, a worker's parts, an administrator's tools."""

import asyncio
from pathlib import Path

import pytest

from entrepot.assembly.accounts import account_parts, first_administrator, open_administration
from entrepot.assembly.backend import Backend
from entrepot.config.access import AccessSettings, RuleSettings
from entrepot.config.settings import Settings
from entrepot.config.storage import (
    DatabaseSettings,
    FilesystemSettings,
    SqliteSettings,
    StorageSettings,
)
from entrepot.errors import ConfigurationError, Unauthenticated
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import OPERATOR, Action, BasicCredentials, Caller, Kind
from entrepot.ports.accounts import Accounts
from entrepot.ports.clock import SystemClock

RULE = RuleSettings(who=("user:alice",), may=("pull",), repositories=("team/**",))
APP = RepositoryName.parse("team/app")


def settings(folder: Path, access: AccessSettings) -> Settings:
    return Settings(
        storage=StorageSettings(
            driver="filesystem", filesystem=FilesystemSettings(rootdirectory=str(folder))
        ),
        database=DatabaseSettings(sqlite=SqliteSettings(path=str(folder / "metadata.db"))),
        access=access,
    )


def test_the_first_administrator_logs_in_on_a_worker_and_is_made_once(tmp_path: Path) -> None:
    async def run() -> None:
        configured = settings(tmp_path, AccessSettings(enabled=True, rules=(RULE,)))
        backend = Backend(configured)
        await backend.prepare()
        made = await first_administrator(backend)
        assert made is not None
        assert await first_administrator(backend) is None
        drivers = backend.open()
        parts = account_parts(configured.access, drivers.accounts, drivers.clock)
        try:
            caller = await parts.authenticator.authenticate(BasicCredentials(*made))
            assert await parts.access.may(caller, Action.DELETE, APP)
            assert await parts.access.may(Caller("alice", Kind.USER), Action.PULL, APP)
            assert await parts.stamps.security_stamp("admin") is not None
            with pytest.raises(Unauthenticated):
                await parts.authenticator.authenticate(BasicCredentials("admin", "guess"))
            await parts.uses.write()
            account = await drivers.accounts.account("admin")
            assert account is not None
            assert account.last_used_at is not None
        finally:
            parts.passwords.close()
            drivers.close()

    asyncio.run(run())


def test_nobody_is_made_where_accounts_are_not_in_force(tmp_path: Path) -> None:
    async def run() -> None:
        configured = settings(tmp_path, AccessSettings())
        backend = Backend(configured)
        await backend.prepare()
        assert await first_administrator(backend) is None
        with open_administration(configured) as tools:
            assert not await tools.accounts.has_users()

    asyncio.run(run())


def test_an_account_has_another_mark_after_a_new_password_and_none_when_it_is_out(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        configured = settings(tmp_path, AccessSettings(enabled=True))
        await Backend(configured).prepare()
        with open_administration(configured) as tools:
            await tools.users.add(OPERATOR, "alice", None)
            marks = [await mark(tools.accounts)]
            await tools.users.reset(OPERATOR, "alice", "a new password")
            marks.append(await mark(tools.accounts))
            await tools.users.remove(OPERATOR, "alice")
            await tools.users.add(OPERATOR, "alice", None)
            marks.append(await mark(tools.accounts))
            assert None not in marks
            assert len(set(marks)) == 3
            await tools.users.set_disabled(OPERATOR, "alice", disabled=True)
            assert await mark(tools.accounts) is None

    async def mark(accounts: Accounts) -> str | None:
        parts = account_parts(AccessSettings(), accounts, SystemClock())
        try:
            return await parts.stamps.security_stamp("alice")
        finally:
            parts.passwords.close()

    asyncio.run(run())


def test_a_registry_in_memory_has_nothing_to_administer() -> None:
    memory = Settings(storage=StorageSettings(driver="inmemory"))
    with pytest.raises(ConfigurationError, match="in memory"), open_administration(memory):
        pass
