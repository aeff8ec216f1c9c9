"""Random lives of upload sessions, against what a few dictionaries say must happen."""

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from entrepot.errors import UnknownUpload, UploadBusy
from entrepot.oci.name import RepositoryName
from entrepot.ports.blobs import UploadState
from entrepot.ports.uploads import UploadSession
from tests.contract.databases import SESSIONS, SessionsDatabase
from tests.contract.paging import all_pages

IDS = ["a", "b", "c", "D", "é"]
HOLDERS = ["one", "two", "three"]
ids, holders, spans = st.sampled_from(IDS), st.sampled_from(HOLDERS), st.integers(1, 20)


@dataclass
class Life:
    """What the model knows of a session."""

    session: UploadSession
    touched_at: int
    holder: str | None = None
    until: int = 0


class SessionsMachine(RuleBasedStateMachine):
    make: ClassVar[Callable[[Path], SessionsDatabase]]

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir="/dev/shm")
        self.runner = asyncio.Runner()
        self.database = type(self).make(Path(self.folder.name))
        self.instances = [self.database.open(), self.database.open()]
        self.turn = 0
        self.now = 100
        self.lives: dict[str, Life] = {}

    def call(self, method: str, *arguments: Any) -> Any:
        """Ask the two instances in turn, as two workers would be asked."""
        self.turn += 1
        return self.runner.run(getattr(self.instances[self.turn % 2], method)(*arguments))

    def further(self, upload_id: str) -> UploadState:
        life = self.lives.get(upload_id)
        state = life.session.state if life else UploadState(upload_id, "sha256", 0, b"")
        return replace(state, received=state.received + 1, progress=b"%d" % state.received)

    @rule(span=spans)
    def time_goes_by(self, span: int) -> None:
        self.now += span

    @rule(upload_id=ids)
    def create(self, upload_id: str) -> None:
        if upload_id in self.lives:
            return
        state = UploadState(upload_id, "sha256", 0, b"")
        session = UploadSession(RepositoryName("a"), "", state, self.now)
        self.call("create", session)
        self.lives[upload_id] = Life(session, self.now)

    @rule(upload_id=ids, holder=holders, span=spans)
    def claim(self, upload_id: str, holder: str, span: int) -> None:
        arguments = ("claim", upload_id, holder, self.now, self.now + span)
        life = self.lives.get(upload_id)
        if life is None:
            with pytest.raises(UnknownUpload):
                self.call(*arguments)
        elif life.holder is not None and life.until > self.now:
            with pytest.raises(UploadBusy):
                self.call(*arguments)
        else:
            assert self.call(*arguments) == life.session
            life.holder, life.until, life.touched_at = holder, self.now + span, self.now

    @rule(upload_id=ids, holder=holders, span=spans)
    def renew(self, upload_id: str, holder: str, span: int) -> None:
        state, life = self.further(upload_id), self.lives.get(upload_id)
        holds = life is not None and life.holder == holder
        assert self.call("renew", state, holder, self.now, self.now + span) is holds
        if life is not None and holds:
            life.session = replace(life.session, state=state)
            life.until, life.touched_at = self.now + span, self.now

    @rule(upload_id=ids, holder=holders)
    def release(self, upload_id: str, holder: str) -> None:
        state, life = self.further(upload_id), self.lives.get(upload_id)
        holds = life is not None and life.holder == holder
        assert self.call("release", state, holder, self.now) is holds
        if life is not None and holds:
            life.session = replace(life.session, state=state)
            life.holder, life.touched_at = None, self.now

    @rule(upload_id=ids, holder=holders)
    def finish(self, upload_id: str, holder: str) -> None:
        life = self.lives.get(upload_id)
        self.call("finish", upload_id, holder)
        if life is not None and life.holder == holder:
            del self.lives[upload_id]

    @rule()
    def release_all(self) -> None:
        held = [life for life in self.lives.values() if life.holder is not None]
        assert self.call("release_all") == len(held)
        for life in held:
            life.holder = None

    @rule(age=spans, limit=st.integers(1, 3))
    def list_idle(self, age: int, limit: int) -> None:
        moment = self.now - age
        fetch = partial(self.instances[moment % 2].idle_since, moment)
        found = self.runner.run(all_pages(fetch, "", lambda session: session.id, limit))
        listed = [session.id for session in found]
        assert listed == sorted(set(listed), key=str.encode)
        for upload_id, life in self.lives.items():
            live = life.holder is not None and life.until > self.now
            ended = life.holder is None or life.until <= moment
            if upload_id in listed:
                assert life.session in found
                assert life.touched_at <= moment
                assert not live
            else:
                assert life.touched_at >= moment or not ended

    @invariant()
    def every_session_is_found_with_its_newest_state(self) -> None:
        for upload_id in IDS:
            life = self.lives.get(upload_id)
            assert self.call("get", upload_id) == (life.session if life else None)

    def teardown(self) -> None:
        self.database.close()
        self.runner.close()
        self.folder.cleanup()


@pytest.mark.parametrize("driver", SESSIONS)
def test_sessions_live_as_the_model_says(driver: str) -> None:
    profile = settings(max_examples=settings().max_examples // 2, stateful_step_count=40)
    machine = type("Machine", (SessionsMachine,), {"make": staticmethod(SESSIONS[driver])})
    run_state_machine_as_test(machine, settings=profile)
