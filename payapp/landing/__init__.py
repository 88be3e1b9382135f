"""The door for strangers: what payapp is, and what its packages cost."""
