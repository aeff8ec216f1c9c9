"""The whole registry against a few dictionaries: pushes, mounts, moves, deletes, interruptions."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.contract.usages import differences_in
from tests.model.client import Client
from tests.model.contents import ALL_BLOBS, MANIFESTS, NAMES, NEEDS, TAGS
from tests.wire.harness.applications import Running
from tests.wire.harness.contents import Content
from tests.wire.harness.exchange import Reply
from tests.wire.harness.in_process import LoopThread

END_OF_TIME = 2**62
names, tags = st.sampled_from(NAMES), st.sampled_from(TAGS)
blobs, manifests = st.sampled_from(ALL_BLOBS), st.sampled_from(MANIFESTS)
shares = st.floats(0, 1)


@dataclass
class Repository:
    """What must be visible in a repository."""

    blobs: set[str] = field(default_factory=set)
    manifests: dict[str, Content] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def lacks(self, manifest: Content) -> bool:
        needed_blobs, needed_manifests = NEEDS[manifest.digest]
        return not (
            {blob.digest for blob in needed_blobs} <= self.blobs
            and {child.digest for child in needed_manifests} <= self.manifests.keys()
        )

    def needs(self, blob: str) -> bool:
        return any(blob in {b.digest for b in NEEDS[digest][0]} for digest in self.manifests)


@dataclass
class Session:
    """An upload under way: what it is to become, and how far it is."""

    name: str
    location: str
    blob: Content
    received: int = 0


class RegistryMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir="/dev/shm")
        self.loop = LoopThread()
        self.repositories: dict[str, Repository] = {}
        self.known: set[str] = set()
        self.sessions: list[Session] = []
        self.start()

    def start(self) -> None:
        changes = {"storage": {"delete": {"enabled": True}}}
        self.running = Running(self.loop, Path(self.folder.name), changes)
        self.client = Client(self.running, self.loop)

    def has(self, name: str) -> Repository:
        """The repository, which is there from now on: something was pushed."""
        self.known.add(name)
        return self.repositories.setdefault(name, Repository())

    def of(self, name: str) -> Repository:
        return self.repositories.get(name, Repository())

    def expect(self, status: int, answer: Reply) -> Reply:
        assert answer.status == status, answer
        return answer

    def begin(self, name: str, blob: Content, answer: Reply | None = None) -> Session:
        answer = answer or self.client.ask("POST", f"/v2/{name}/blobs/uploads/", b"")
        location = self.expect(202, answer).header("location") or ""
        path = location.removeprefix("http://registry.test:5000")
        self.sessions.append(Session(name, path, blob))
        return self.sessions[-1]

    @rule(name=names, blob=blobs)
    def push_blob_at_once(self, name: str, blob: Content) -> None:
        path = f"/v2/{name}/blobs/uploads/?digest={blob.digest}"
        self.expect(201, self.client.ask("POST", path, blob.payload))
        self.has(name).blobs.add(blob.digest)

    @rule(name=names, blob=blobs)
    def push_other_bytes(self, name: str, blob: Content) -> None:
        path = f"/v2/{name}/blobs/uploads/?digest={blob.digest}"
        self.expect(400, self.client.ask("POST", path, blob.payload + b"!"))

    @rule(name=names, blob=blobs)
    def go_away_while_pushing_at_once(self, name: str, blob: Content) -> None:
        path = f"/v2/{name}/blobs/uploads/?digest={blob.digest}"
        self.client.go_away("POST", path, blob.payload[:-1])

    @rule(name=names, source=names, blob=blobs)
    def mount(self, name: str, source: str, blob: Content) -> None:
        path = f"/v2/{name}/blobs/uploads/?mount={blob.digest}&from={source}"
        answer = self.client.ask("POST", path, b"")
        if blob.digest in self.of(source).blobs | self.of(name).blobs:
            self.expect(201, answer)
            self.has(name).blobs.add(blob.digest)
        else:
            self.begin(name, blob, answer)

    @rule(name=names, blob=blobs)
    def begin_upload(self, name: str, blob: Content) -> None:
        if len(self.sessions) < 4:
            self.begin(name, blob)

    @rule(which=st.integers(0, 3), share=shares, interrupted=st.booleans())
    def send_chunk(self, which: int, share: float, interrupted: bool) -> None:
        if which >= len(self.sessions):
            return
        session = self.sessions[which]
        start = session.received
        rest = session.blob.payload[start:]
        piece = rest[: round(len(rest) * share)]
        if interrupted:
            self.client.go_away("PATCH", session.location, piece)
        elif piece:
            span = f"{start}-{start + len(piece) - 1}"
            answer = self.client.ask("PATCH", session.location, piece, content_range=span)
            self.expect(202, answer)
        else:
            self.expect(202, self.client.ask("PATCH", session.location, b""))
        session.received += len(piece)

    @rule(which=st.integers(0, 3), ahead=st.sampled_from([-1, 1, 1000]))
    def send_chunk_out_of_order(self, which: int, ahead: int) -> None:
        if which < len(self.sessions) and self.sessions[which].received + ahead >= 0:
            session = self.sessions[which]
            start = session.received + ahead
            answer = self.client.ask(
                "PATCH", session.location, b"??", content_range=f"{start}-{start + 1}"
            )
            self.expect(416, answer)

    @rule(which=st.integers(0, 3), right=st.booleans(), interrupted=st.booleans())
    def finish_upload(self, which: int, right: bool, interrupted: bool) -> None:
        if which >= len(self.sessions):
            return
        session = self.sessions[which]
        rest = session.blob.payload[session.received :]
        path = f"{session.location}?digest={session.blob.digest}"
        if interrupted:
            self.client.go_away("PUT", path, rest)
            return
        self.sessions.remove(session)
        answer = self.client.ask("PUT", path, rest if right else rest + b"!")
        if right:
            self.expect(201, answer)
            self.has(session.name).blobs.add(session.blob.digest)
        else:
            self.expect(400, answer)

    @rule(which=st.integers(0, 3))
    def cancel_upload(self, which: int) -> None:
        if which < len(self.sessions):
            session = self.sessions.pop(which)
            self.expect(204, self.client.ask("DELETE", session.location))
            self.expect(404, self.client.ask("DELETE", session.location))

    @rule(name=names, manifest=manifests, moved=st.lists(tags, max_size=2, unique=True))
    def push_manifest(self, name: str, manifest: Content, moved: list[str]) -> None:
        query = "&".join(f"tag={tag}" for tag in moved)
        path = f"/v2/{name}/manifests/{manifest.digest}?{query}"
        answer = self.client.ask("PUT", path, manifest.payload, content_type=manifest.media_type)
        if self.of(name).lacks(manifest):
            self.expect(400, answer)
            return
        self.expect(201, answer)
        repository = self.has(name)
        repository.manifests[manifest.digest] = manifest
        repository.tags |= dict.fromkeys(moved, manifest.digest)

    @rule(name=names, tag=tags)
    def delete_tag(self, name: str, tag: str) -> None:
        answer = self.client.ask("DELETE", f"/v2/{name}/manifests/{tag}")
        self.expect(202 if tag in self.of(name).tags else 404, answer)
        self.of(name).tags.pop(tag, None)

    @rule(name=names, manifest=manifests)
    def delete_manifest(self, name: str, manifest: Content) -> None:
        repository = self.of(name)
        answer = self.client.ask("DELETE", f"/v2/{name}/manifests/{manifest.digest}")
        self.expect(202 if manifest.digest in repository.manifests else 404, answer)
        repository.manifests.pop(manifest.digest, None)
        for tag in [tag for tag, digest in repository.tags.items() if digest == manifest.digest]:
            del repository.tags[tag]

    @rule(name=names, tag=tags)
    def restore_tag(self, name: str, tag: str) -> None:
        answer = self.client.ask("POST", f"/api/v1/tags/{name}/{tag}/restore", b"")
        if answer.status != 200:  # nothing to undo, or its manifest cannot come back
            assert answer.status in (400, 404)
            return
        repository, digest = self.has(name), answer.json()["now"]
        if digest not in repository.manifests:
            back = next(manifest for manifest in MANIFESTS if manifest.digest == digest)
            for manifest in (back, *NEEDS[digest][1]):
                repository.manifests[manifest.digest] = manifest
        repository.tags[tag] = digest

    @rule(name=names, blob=blobs)
    def delete_blob(self, name: str, blob: Content) -> None:
        repository = self.of(name)
        answer = self.client.ask("DELETE", f"/v2/{name}/blobs/{blob.digest}")
        if blob.digest not in repository.blobs:
            self.expect(404, answer)
        elif repository.needs(blob.digest):
            self.expect(405, answer)
        else:
            self.expect(202, answer)
            repository.blobs.remove(blob.digest)

    @rule()
    def restart(self) -> None:
        self.running.close()
        self.start()

    @invariant()
    def everybody_sees_what_the_model_has(self) -> None:
        for name in NAMES:
            self.compare(name, self.of(name))
        for session in self.sessions:
            answer = self.expect(204, self.client.ask("GET", session.location))
            assert answer.header("range") == f"0-{max(0, session.received - 1)}"
        sessions = self.running.drivers.sessions.idle_since(END_OF_TIME, "", 1000)
        assert len(self.loop.run(sessions)) == len(self.sessions)
        assert self.running.observer.under_way == 0

    @invariant()
    def a_recount_agrees_with_the_counters(self) -> None:
        database = self.running.settings.database_path
        assert database is not None
        assert self.loop.run(differences_in(Path(database))) == []

    def compare(self, name: str, model: Repository) -> None:
        self.compare_blobs(name, model)
        self.compare_manifests(name, model)

    def compare_blobs(self, name: str, model: Repository) -> None:
        for blob in ALL_BLOBS:
            answer = self.client.ask("GET", f"/v2/{name}/blobs/{blob.digest}")
            self.expect(200 if blob.digest in model.blobs else 404, answer)
            assert answer.status == 404 or answer.body == blob.payload

    def compare_manifests(self, name: str, model: Repository) -> None:
        for reference in (*TAGS, *(manifest.digest for manifest in MANIFESTS)):
            found = model.manifests.get(model.tags.get(reference, reference))
            answer = self.client.ask("GET", f"/v2/{name}/manifests/{reference}")
            self.expect(200 if found else 404, answer)
            assert found is None or answer.body == found.payload
        listed = self.client.ask("GET", f"/v2/{name}/tags/list")
        self.expect(200 if name in self.known else 404, listed)
        if name in self.known:
            assert listed.json()["tags"] == sorted(model.tags)

    def teardown(self) -> None:
        sessions = len(self.sessions)
        uploads = list((self.running.data / "entrepot" / "uploads").iterdir())
        self.running.close()
        self.loop.close()
        self.folder.cleanup()
        assert len(uploads) <= sessions, uploads


def test_the_registry_is_as_the_model_says() -> None:
    profile = settings(max_examples=max(20, settings().max_examples // 3), stateful_step_count=30)
    run_state_machine_as_test(RegistryMachine, settings=profile)
