import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.operations.access_log import CombinedForm, JsonForm
from entrepot.operations.redaction import redact, redact_header, redact_target
from entrepot.ports.access import Kind
from entrepot.services.access.token_text import TokenText
from entrepot.services.token_server.server import REFRESH_PREFIX
from tests.cpu_time import within_cpu_seconds
from tests.unit.operations.records import finished_record

SECRET = "Hunter2Hunter2Hunter2Hunter2Hunter2Hunter2"
TOKENS = {
    "personal": TokenText.make(Kind.USER, "ABCDEFGHIJKL").text,
    "robot": TokenText.make(Kind.ROBOT, "ABCDEFGHIJKL").text,
    "refresh": f"{REFRESH_PREFIX}{SECRET}-_x",
    "web": ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({"alg": "ES256"}, {"sub": SECRET}, [SECRET])
    ),
}
FORMS: list[Any] = [CombinedForm(), JsonForm(1, {}, logstash=False)]


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/v2/a/tags/list?n=5&last=x", "/v2/a/tags/list?n=5&last=x"),
        ("/v2/a/blobs/uploads/1?_state=abc&digest=d", "/v2/a/blobs/uploads/1?_state=***&digest=d"),
        ("/token?account=jo&access_token=abc", "/token?account=jo&access_token=***"),
        ("/x?X-Amz-Signature=abc&Password=p", "/x?X-Amz-Signature=***&Password=***"),
        # Names that no list of secrets would have, encoded ones, and none at all.
        ("/x?pw=abc&n=1", "/x?pw=***&n=1"),
        ("/x?%74oken=abc", "/x?%74oken=***"),
        ("/x?n=1;token=abc", "/x?n=***"),
        ("/x?abc", "/x?***"),
        ("/x?&n=1", "/x?&n=1"),
        ("/v2/?mount=a&from=b&ns=docker.io", "/v2/?mount=a&from=b&ns=docker.io"),
    ],
)
def test_only_parameters_that_are_known_show_their_values(target: str, shown: str) -> None:
    assert redact_target(target) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Basic am86aHVudGVyMg==",
        "{'authorization': 'Bearer hunter2.hunter2.hunter2'}",
        "(b'authorization', b'Basic hunter2hunter2')",
        "Cookie: session=hunter2",
        "cannot reach https://jo:hunter2@hub.example.com/v2/",
        "cannot reach https://hunter2@hub.example.com/v2/",
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
    assert redact_target(f"/v2/{token.text}/tags/list") == f"/v2/{shown}/tags/list"


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
@pytest.mark.parametrize(
    "field",
    [
        *("target", "query", "user_agent", "referer", "user", "host"),
        *("repository", "reference", "digest", "method", "client"),
    ],
)
@pytest.mark.parametrize("form", FORMS, ids=["combined", "json"])
@pytest.mark.parametrize("pad", ["", "x" * 950, "y" * 1990, "%41" * 1300], ids=len)
def test_no_token_gets_into_the_access_log(form: Any, field: str, token: str, pad: str) -> None:
    text = f"/v2/{pad}/{token}"
    if field == "query":
        field, text = "target", f"/v2/?{urlencode({f'a{pad}': token, 'last': token})}"
    line = form.line(finished_record(**{field: text}), 0, 0)
    secret = token[token.index(".") :] if token.startswith("eyJ") else token[22:]
    assert not any(secret[place : place + 8] in line for place in range(len(secret) - 8))


@given(st.lists(st.sampled_from(["&", "?", ";", "=", "%", "://", "@", " ", '"', "n", "tok"])))
def test_what_stands_before_a_secret_parameter_does_not_show_it(noise: list[str]) -> None:
    before = "".join(noise)
    for form in FORMS:
        assert "hunter2" not in form.line(finished_record(target=f"/x?{before}&pw=hunter2"), 0, 0)
        referer = f"http://x/?{before}&pw=hunter2"
        assert "hunter2" not in form.line(finished_record(referer=referer), 0, 0)


def test_userinfo_is_hidden_though_its_end_is_cut_off() -> None:
    assert "hunter2" not in redact_header(f"https://jo:hunter2{'x' * 2000}@example.com/")
    assert "hunter2" not in redact(f"https://jo:hunter2{'x' * 40_000}@example.com/")


ATTACKS = ["?token", "&a=token", ";_state", "://a:", "ent_pat_", "eyJa", "eyJaaaaa.", "basic "]
ATTACKS += ["authorization: basic ", "cookie", "&", "?", "=", "https://a:b@", "&token=a"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_text_is_looked_at_for_long(attack: str) -> None:
    text = attack * (1_000_000 // len(attack))
    # The expression that stood here before took hours for a thousandth of it.
    with within_cpu_seconds(10):
        for form in FORMS:
            form.line(finished_record(target=f"/x?{text}"), 0, 0)
            form.line(finished_record(referer=text, user_agent=f"{text}!"), 0, 0)
        redact(text)
        hidden = redact(f"{text}!"[-30_000:])
    assert len(hidden) < 200_000


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


def test_a_user_agent_as_clients_have_it_stays_as_it_is() -> None:
    agent = "docker/27.1.1 go/go1.21.12 git-commit/cc13f95 kernel/6.1 os/linux arch/amd64 (linux)"
    assert redact_header(agent) == agent
