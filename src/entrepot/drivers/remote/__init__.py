"""The client for other registries: what mirrors and copies read from and write to.

A call goes down through these, and each knows one thing:

client, target            the protocol: manifests and blobs, uploads; listing.py and referrers.py
exchange                  one question: which address, which credentials, one retry after a 401
authorization             Basic, or the token dance; tokens.py reads what token servers answer
transport                 one request: connections, TLS, proxies, redirects; reply.py is its answer
answers                   headers and statuses of an answer, all of them untrusted
credentials               who we are: a user, docker's config.json, a command
"""

from entrepot.drivers.remote.client import RemoteRegistry
from entrepot.drivers.remote.target import RemoteWriter

__all__ = ["RemoteRegistry", "RemoteWriter"]
