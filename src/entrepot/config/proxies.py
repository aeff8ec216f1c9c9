"""``http.trustedproxies``: who may say on whose behalf a request comes."""

import ipaddress
from typing import Annotated

from entrepot.config.fields import ReadBy

# Whoever can send from these addresses is inside the operator's network already. What the headers
# decide is the scheme and host in Location and the address in the access log, not any right.
PRIVATE_NETWORKS = (
    "127.0.0.0/8",
    "::1/128",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "fc00::/7",
)


def _networks(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("a list of networks, such as [10.0.0.0/8, 192.168.1.7]")
    try:
        return tuple(str(ipaddress.ip_network(network, strict=False)) for network in value)
    except ValueError as error:
        raise ValueError(f"a list of networks, such as [10.0.0.0/8] ({error})") from None


TrustedProxies = Annotated[tuple[str, ...], ReadBy(_networks)]
