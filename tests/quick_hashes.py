"""Password hashes that take no time: argon2id too, only not as slow to guess."""

from argon2 import PasswordHasher

QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
