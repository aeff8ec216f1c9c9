"""A request and its answer, the same for every transport."""

import json
from dataclasses import dataclass, field
from typing import Any, Protocol

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; `target` is the path and query exactly as they stand on the wire.

    A body of None is a request without one; `declare_length` False sends the body in chunks.
    """

    method: str
    target: str
    headers: Headers = ()
    body: bytes | None = None
    declare_length: bool = True

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        return _first(self.headers, name)

    def wire_headers(self) -> list[tuple[str, str]]:
        """Lower-case headers with the Content-Length that the body asks for."""
        sent = [(name.lower(), value) for name, value in self.headers]
        declared = any(name == "content-length" for name, _ in sent)
        if self.declare_length and not declared:
            if self.body is not None:
                sent.append(("content-length", str(len(self.body))))
            elif self.method in {"POST", "PUT", "PATCH"}:
                sent.append(("content-length", "0"))
        return sent


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; header names in lower case."""

    status: int
    headers: Headers
    body: bytes = field(repr=False)

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        return _first(self.headers, name)

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    def told(self) -> str:
        """Everything, for the message of a failing test."""
        lines = [str(self.status), *(f"{name}: {value}" for name, value in self.headers)]
        return "\n".join([*lines, "", self.body[:2000].decode("utf-8", "replace")])


class Transport(Protocol):
    """A way to reach a running registry."""

    name: str
    authority: str

    def send(self, request: Request) -> Reply:
        """Send one request and read the whole answer."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


def _first(headers: Headers, name: str) -> str | None:
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)
