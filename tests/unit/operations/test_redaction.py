import pytest

from entrepot.operations.redaction import redact, redact_target
from entrepot.ports.access import Kind
from entrepot.services.access.token_text import TokenText


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/v2/a/tags/list?n=5&last=x", "/v2/a/tags/list?n=5&last=x"),
        ("/v2/a/blobs/uploads/1?_state=abc&digest=d", "/v2/a/blobs/uploads/1?_state=***&digest=d"),
        ("/token?account=jo&access_token=abc", "/token?account=jo&access_token=***"),
        ("/x?X-Amz-Signature=abc&Password=p", "/x?X-Amz-Signature=***&Password=***"),
    ],
)
def test_secrets_in_a_query_are_hidden(target: str, shown: str) -> None:
    assert redact_target(target) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Basic am86aHVudGVyMg==",
        "{'authorization': 'Bearer hunter2.hunter2.hunter2'}",
        "(b'authorization', b'Basic hunter2hunter2')",
        "Cookie: session=hunter2",
        "cannot reach https://jo:hunter2@hub.example.com/v2/",
        "GET /token?refresh_token=hunter2&n=1 failed",
        "sent bearer hunter2hunter2",
    ],
)
def test_secrets_in_a_message_are_hidden(text: str) -> None:
    shown = redact(text)
    assert "hunter2" not in shown
    assert "am86" not in shown
    assert "***" in shown


def test_a_token_of_entrepots_is_hidden_wherever_it_stands_and_can_be_found_by_its_id() -> None:
    token = TokenText.make(Kind.ROBOT)
    shown = f"ent_bot_{token.public_id}_***"
    assert redact(f"cannot use {token.text!r} here") == f"cannot use {shown!r} here"
    assert redact_target(f"/v2/?key={token.text}") == f"/v2/?key={shown}"


@pytest.mark.parametrize(
    "text",
    [
        "https://hub.example.com:5000/v2/ answered 401",
        "repository jo@sha256 is unknown",
        "basic health is fine",
    ],
)
def test_other_messages_stay_as_they_are(text: str) -> None:
    assert redact(text) == text
