"""A purchase from its first click to its credits."""
