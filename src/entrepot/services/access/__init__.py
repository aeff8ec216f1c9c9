"""Accounts of Entrepot's own, and the rules of who may do what (docs/access.md)."""
