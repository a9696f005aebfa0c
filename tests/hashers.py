"""Password hashing as in production, with so few turns that a test can measure it many times."""

from __future__ import annotations

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class FewTurns(PBKDF2PasswordHasher):
    iterations = 20_000
