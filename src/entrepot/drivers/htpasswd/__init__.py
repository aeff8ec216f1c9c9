"""The file of ``auth.htpasswd``."""
