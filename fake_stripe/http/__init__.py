"""The HTTP front: the one way of every API request, and the page where customers pay."""
