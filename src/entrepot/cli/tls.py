"""``entrepot tls``: a certificate for trying, and how clients are made to trust it."""

import ipaddress
import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from entrepot.cli.output import result
from entrepot.errors import EntrepotError

_TEXT = """\
{certificate}  the certificate, until {until}
{key}  its private key; keep it secret

In config.yml:
  http:
    addr: :{port}
    host: https://{first}
    tls:
      certificate: {certificate}
      key: {key}

On each machine whose docker, podman or containerd uses the registry, with {name} copied there:
"""
_CLIENTS = """
# docker ({address})
mkdir -p /etc/docker/certs.d/{address}
cp {name} /etc/docker/certs.d/{address}/ca.crt
# podman, buildah, skopeo ({address})
mkdir -p /etc/containers/certs.d/{address}
cp {name} /etc/containers/certs.d/{address}/ca.crt
# containerd ({address}): ctr --hosts-dir /etc/containerd/certs.d, or config_path of its CRI
mkdir -p /etc/containerd/certs.d/{address}
cp {name} /etc/containerd/certs.d/{address}/ca.crt
cat > /etc/containerd/certs.d/{address}/hosts.toml <<'END'
server = "https://{address}"
[host."https://{address}"]
  ca = "/etc/containerd/certs.d/{address}/ca.crt"
END
"""

_NAME = re.compile(r"(\*\.)?(?!-)[A-Za-z0-9-]{1,63}(\.(?!-)[A-Za-z0-9-]{1,63})*")

Hosts = Annotated[
    list[str],
    typer.Option(
        "--host",
        metavar="NAME|IP",
        help="A name or address that clients use for the registry; may be repeated.",
    ),
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="The directory for the files.")]
Days = Annotated[int, typer.Option("--days", min=1, max=3650, help="How long it is valid.")]
Port = Annotated[
    int, typer.Option("--port", min=1, max=65535, help="The registry's port, for the commands.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace existing files.")]


def how_to_trust(certificate: Path, key: Path, hosts: Sequence[str], port: int, until: str) -> str:
    """Write down what to do with a certificate, for a person and for a shell.

    Args:
        certificate: its file.
        key: that of its key.
        hosts: names and addresses that it is for.
        port: the registry's.
        until: the day on which it expires.
    """
    bare = [f"[{host}]" if ":" in host else host for host in hosts]
    addresses = bare if port == 443 else [f"{host}:{port}" for host in bare]
    name = shlex.quote(certificate.name)
    text = _TEXT.format(
        certificate=certificate, key=key, until=until, port=port, first=addresses[0], name=name
    )
    text += "".join(_CLIENTS.format(address=address, name=name) for address in addresses)
    return text.rstrip()


def selfsigned(
    host: Hosts,
    out: Out = Path(),
    days: Days = 365,
    port: Port = 5000,
    force: Force = False,
) -> None:
    """Write a self-signed certificate and its key.

    Prints how to make clients trust it.
    """
    hosts = [_checked(name) for name in host]
    # Here, because the other commands start faster without it.
    from cryptography.hazmat.primitives.serialization import Encoding

    from entrepot.operations.tls.private_key import to_pkcs8
    from entrepot.operations.tls.self_signed import self_signed

    certificate, key = out / "registry.crt", out / "registry.key"
    private, made = self_signed(hosts, days)
    try:
        out.mkdir(parents=True, exist_ok=True)
        # The key first: a registry that watches both takes them when they belong together.
        _write(key, to_pkcs8(private), 0o600, force)
        _write(certificate, made.public_bytes(Encoding.PEM), 0o644, force)
    except FileExistsError as error:
        raise EntrepotError(f"{error.filename} exists; --force replaces it") from error
    except OSError as error:
        raise EntrepotError(f"{error.filename} cannot be written: {error.strerror}") from error
    until = f"{made.not_valid_after_utc:%F}"
    result(how_to_trust(certificate.absolute(), key.absolute(), hosts, port, until))


def _checked(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        if _NAME.fullmatch(host) and len(host) <= 253:
            return host.lower()
        raise typer.BadParameter(
            f"{host!r} is neither a name (registry.example.com) nor an address (10.0.0.5);"
            " the port is no part of it",
            param_hint="--host",
        ) from None


def _write(path: Path, content: bytes, mode: int, force: bool) -> None:
    """Write a file whole or not at all: it may be one that a registry is watching."""
    if path.exists() and not force:
        raise FileExistsError(17, "exists", str(path))
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    new.replace(path)
