"""What Location says."""

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.api.origin import Locations, Origins
from entrepot.api.parse.forwarded import Origin
from tests.unit.api.asgi import GONE, make_request
from tests.unit.oci.strategies import names

SEEN = Origin("https", "registry.test:5000", "192.0.2.1")
PATH = "v2/app/blobs/uploads/1"


async def nothing() -> MutableMapping[str, Any]:
    return GONE


@pytest.mark.parametrize(
    ("prefix", "host", "relative", "origin", "url"),
    [
        ("/", None, False, SEEN, f"https://registry.test:5000/{PATH}"),
        ("/", None, True, SEEN, f"/{PATH}"),
        ("/mirror/", None, False, SEEN, f"https://registry.test:5000/mirror/{PATH}"),
        ("/mirror/", None, True, SEEN, f"/mirror/{PATH}"),
        ("/", "https://example.com", False, SEEN, f"https://example.com/{PATH}"),
        ("/", "https://example.com/", False, SEEN, f"https://example.com/{PATH}"),
        ("/m/", "https://example.com:8443", False, SEEN, f"https://example.com:8443/m/{PATH}"),
        # http.relativeurls counts where both are set.
        ("/", "https://example.com", True, SEEN, f"/{PATH}"),
        # Without a usable Host header, a URL without host is still right.
        ("/", None, False, Origin("http", "", ""), f"/{PATH}"),
        ("/", "https://example.com", False, Origin("http", "", ""), f"https://example.com/{PATH}"),
    ],
)
def test_where_a_client_finds_it(
    prefix: str, host: str | None, relative: bool, origin: Origin, url: str
) -> None:
    request = make_request(nothing, origin=origin)
    assert Locations(prefix, host, relative=relative).url(request, PATH) == url


@given(names, st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60))
def test_no_header_puts_anything_but_a_host_into_a_url(
    name: str, host: bytes, proto: bytes, forwarded_host: bytes
) -> None:
    headers = {
        b"host": host,
        b"x-forwarded-proto": proto,
        b"x-forwarded-host": forwarded_host,
    }
    scope = {"scheme": "http", "client": ("127.0.0.1", 1)}
    origin = Origins(("127.0.0.0/8",)).find(scope, headers)
    path = f"v2/{name}/blobs/uploads/1"
    url = Locations("/", None, relative=False).url(make_request(nothing, origin=origin), path)
    url.encode("ascii")
    parts = urlsplit(url)
    assert parts.path == f"/{path}"
    assert parts.scheme in ("http", "https", "")
    assert (parts.query, parts.fragment) == ("", "")
    assert "@" not in parts.netloc
