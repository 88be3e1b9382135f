"""People: sign-up, login, logout."""
