"""Mirrors of other registries: what they have is fetched when it is asked for, and kept.

origins.py says which names are mirrored and from where; pull.py serves them; fills.py downloads
blobs, which following.py reads while they arrive; manifests.py fetches manifests and compares
tags, and rows.py keeps both; breaker.py spares an upstream that does not answer
(docs/decisions/0024-mirrors.md).
"""
