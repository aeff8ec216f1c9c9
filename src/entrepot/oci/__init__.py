"""The values of the OCI specifications: digests, names, media types, manifests. No I/O."""
