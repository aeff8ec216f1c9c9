"""Which repositories are being pushed to: a large image may take longer than the grace.

Its first layers were finished long before its manifest comes. So what is unneeded in a repository
where an upload goes on waits anew. This is a courtesy beyond the promise: it is asked outside of
the transaction that removes.
"""

from collections.abc import AsyncIterator

from entrepot.ports.uploads import UploadSessions

_PAGE = 1000
_END_OF_TIME = 2**62


async def repositories_being_pushed_to(sessions: UploadSessions, since: int) -> frozenset[str]:
    """List repositories with an upload that was touched since a moment.

    Args:
        sessions: the uploads under way.
        since: microseconds since 1970, UTC.
    """
    idle = {upload async for upload, _ in _untouched(sessions, since)}
    # Before the end of time every session is untouched, so these are all of them.
    busy = {
        repository
        async for upload, repository in _untouched(sessions, _END_OF_TIME)
        if upload not in idle
    }
    return frozenset(busy)


async def _untouched(sessions: UploadSessions, moment: int) -> AsyncIterator[tuple[str, str]]:
    after = ""
    while page := await sessions.idle_since(moment, after, _PAGE):
        for session in page:
            yield session.id, str(session.repository)
        after = page[-1].id
