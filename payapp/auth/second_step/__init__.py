"""The second step of a login, for users who have a second factor."""
