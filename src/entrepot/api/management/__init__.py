"""The management API: what the command line offers, over HTTP. JSON, errors as under /v2/."""
