"""Certificates and keys: read, judged, kept for the workers, and watched.

Imported only where ``http.tls`` is set, for it loads a library that others have no use for.
"""
