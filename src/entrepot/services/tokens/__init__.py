"""Bearer tokens: JSON Web Tokens as Docker Registry reads them.

Whatever is in here needs PyJWT and cryptography, whose import takes a moment: only what is put
together for a registry that is configured for tokens imports it.
"""
