"""The commands that make clients trust a certificate; each of them is tried by a test."""

import shlex
from collections.abc import Sequence
from pathlib import Path

_TEXT = """\
{certificate}  the certificate, until {until}
{key}  its private key, for nobody but the registry

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
