"""How a registry says that it cannot do now what it was rightly asked."""

from tests.acceptance.harness.wire import Answer

# What is wrong inside is for the log, and never for clients.
_INSIDE = ("sqlite", "errno", "traceback", "oserror", "/uploads/", "/blobs/sha")


def check_refusal(answer: Answer, *statuses: int) -> str:
    """Check that an answer is an error in the protocol's form; gives its message."""
    assert answer.status in statuses, answer
    assert answer.headers["content-type"] == "application/json", answer
    (error,) = answer.json()["errors"]
    assert error["code"] in ("UNAVAILABLE", "UNKNOWN"), answer
    assert len(error["message"]) > 10, answer
    assert not any(word in answer.body.decode().lower() for word in _INSIDE), answer
    if answer.status == 503:
        assert int(answer.headers["retry-after"]) >= 1, answer
    return str(error["message"])
