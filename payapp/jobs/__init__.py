"""The clock's door: what the worker does by itself, every minute, hour and night."""
