"""One file a resource: what it looks like and its operations; and what all of them share."""
