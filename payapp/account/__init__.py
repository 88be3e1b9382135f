"""One's own account: the door with its page, and the core of export and deletion."""
