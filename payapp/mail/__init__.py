"""E-mails: rows of an outbox that a job sends, and the links in them that are good once."""
