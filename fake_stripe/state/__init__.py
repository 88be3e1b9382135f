"""What is kept: objects, the time, the log of requests."""
