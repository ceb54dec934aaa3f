"""Passwords (argon2id) and random tokens (kept as SHA-256 only)."""

import hashlib
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()


@cache
def hash_of_nobody() -> str:
    """Checked when there is no such user, so that a wrong name takes as long as a wrong password.

    Made at the first need: most processes check no passwords, and each would take a third of a second longer to start.
    """
    return _hasher.hash(secrets.token_hex(16))


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def password_matches(password_hash: str | None, password: str) -> bool:
    """Whether the password is right; slow on purpose (call it off the event loop)."""
    try:
        return _hasher.verify(password_hash or hash_of_nobody(), password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def new_token() -> str:
    """A token of 256 random bits, safe in URLs."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is stored of a token; the token has enough entropy to need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()
