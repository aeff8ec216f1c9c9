"""Certificates from a CA that speaks ACME (RFC 8555): when, and how.

Orders are placed by a process of their own (server/acme_child), which loads the library and ends.
"""
