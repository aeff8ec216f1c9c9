"""What is stored of a password: argon2id with 7 MiB, five passes and one lane.

One of the choices that OWASP's Password Storage Cheat Sheet holds to be equally strong, and of them
the one that took the least processor time here (docs/decisions/0011-accounts.md).
"""

import os

MEMORY_KIBIBYTES = 7 * 1024
PASSES = 5
LANES = 1
_SALT_BYTES = 16
_HASH_BYTES = 32

NOBODYS_HASH = (
    "$argon2id$v=19$m=7168,t=5,p=1$bm8gcGFzc3dvcmQgaGVyZQ$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)
"""No password has it; checking one against it takes as long as against any other."""


class Argon2id:
    """Implements `PasswordHasher` in this process."""

    def hash(self, password: bytes) -> str:
        """Give what is stored of a password."""
        # Here and below, because most processes never see a password.
        from argon2.low_level import Type, hash_secret

        return hash_secret(
            password,
            os.urandom(_SALT_BYTES),
            time_cost=PASSES,
            memory_cost=MEMORY_KIBIBYTES,
            parallelism=LANES,
            hash_len=_HASH_BYTES,
            type=Type.ID,
        ).decode()

    def verify(self, password_hash: str, password: bytes) -> bool:
        """Tell whether a password is the one that has this hash; nothing else is one."""
        from argon2.exceptions import InvalidHashError, VerificationError
        from argon2.low_level import Type, verify_secret

        try:
            return verify_secret(password_hash.encode(), password, Type.ID)
        except (VerificationError, InvalidHashError):
            return False

    def close(self) -> None:
        """There is nothing to let go of."""
