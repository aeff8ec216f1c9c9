"""A token server that is not Entrepot's: Docker's protocol by GET and POST, tokens by PyJWT.

Run as a program: `python token_server.py PORT KEY CERTIFICATE`. It knows one user, carol, and lets
her do everything; everybody may pull what is below public/.
"""

import base64
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt

ISSUER = "the tests' own token server"
SERVICE = "registry of the tests"
USER, PASSWORD = "carol", "a password of carol's"


class Handler(BaseHTTPRequestHandler):
    key = b""
    x5c: tuple[str, ...] = ()

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        header = self.headers.get("Authorization", "")
        name = ""
        if header:
            name, _, password = base64.b64decode(header.partition(" ")[2]).decode().partition(":")
            if (name, password) != (USER, PASSWORD):
                self._answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "who?"}]})
                return
        self._give(name, query.get("scope", []))

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        given = form.get("username", [""])[0], form.get("password", [""])[0]
        if form["grant_type"] != ["password"] or given != (USER, PASSWORD):
            self._answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "who?"}]})
            return
        self._give(USER, form.get("scope", []))

    def _give(self, name: str, scopes: list[str]) -> None:
        now = int(time.time())
        access = []
        for scope in " ".join(scopes).split():
            kind, resource, actions = scope.split(":")
            allowed = actions.split(",") if name else ["pull"]
            if name or resource.startswith("public/"):
                access.append({"type": kind, "name": resource, "actions": allowed})
        claims = {
            "iss": ISSUER,
            "sub": name,
            "aud": SERVICE,
            "exp": now + 300,
            "nbf": now - 5,
            "iat": now,
            "access": access,
        }
        token = jwt.encode(claims, self.key, "RS256", {"x5c": list(self.x5c)})
        self._answer(200, {"token": token, "access_token": token, "expires_in": 300})

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    port, key, certificate = sys.argv[1:]
    Handler.key = Path(key).read_bytes()
    lines = Path(certificate).read_text().splitlines()
    Handler.x5c = ("".join(line for line in lines if not line.startswith("-----")),)
    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main()
