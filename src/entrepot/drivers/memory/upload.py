"""Takes the bytes of an upload into memory."""

from types import TracebackType
from typing import Self

from entrepot.drivers.memory.store import MemoryStore, Upload
from entrepot.errors import UnknownUpload, UploadBusy
from entrepot.ports.blobs import Claim, UploadState
from entrepot.ports.clock import Clock


class MemoryUploadPart:
    """Implements `UploadPart`.

    Args:
        store: where the bytes lie.
        state: where the upload stands; what the store has beyond it is cut off.
        claim: the right to write to it.
        clock: tells when the upload was touched.
    """

    def __init__(self, store: MemoryStore, state: UploadState, claim: Claim, clock: Clock) -> None:
        self._store = store
        self._claim = claim
        self._state = state
        self._clock = clock
        self._upload: Upload | None = None

    async def write(self, content: bytes) -> None:
        """Take bytes."""
        check_held(self._state, self._claim)
        upload = self._upload or self._open()
        upload.content += content
        upload.touched_at = self._clock.now()

    def checkpoint(self) -> UploadState:
        """Tell the state."""
        state = self._state
        received = state.received if self._upload is None else len(self._upload.content)
        return UploadState(state.upload_id, state.algorithm, received, b"")

    async def flush(self) -> UploadState:
        """Tell the state."""
        return self.checkpoint()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._upload = None

    def _open(self) -> Upload:
        check_present(self._store, self._state)
        upload = self._store.uploads.setdefault(
            self._state.upload_id, Upload(bytearray(), self._clock.now())
        )
        del upload.content[self._state.received :]
        self._upload = upload
        return upload


class MemoryUploadReader:
    """Implements `UploadReader`.

    Args:
        upload: has the bytes, also when the store has let go of it.
    """

    def __init__(self, upload: Upload) -> None:
        self._upload = upload

    def size(self) -> int:
        """Tell how many bytes there are now."""
        return len(self._upload.content)

    async def read(self, start: int, limit: int) -> bytes:
        """Give what there is from an offset on, without waiting for more."""
        return bytes(self._upload.content[start : start + limit])

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""


def check_held(state: UploadState, claim: Claim) -> None:
    """Return while nobody else may write to an upload.

    Raises:
        UploadBusy: the claim has ended.
    """
    if not claim.lasts():
        raise UploadBusy(
            "another request is writing to this upload session", {"upload": state.upload_id}
        )


def check_present(store: MemoryStore, state: UploadState) -> None:
    """Return when the store holds at least what the state tells of.

    Raises:
        UnknownUpload: it does not.
    """
    upload = store.uploads.get(state.upload_id)
    if state.received > (0 if upload is None else len(upload.content)):
        raise UnknownUpload(
            "the bytes of this upload session are lost; restart the upload",
            {"upload": state.upload_id},
        )
