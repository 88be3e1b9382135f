"""Programs: the HTTP API under /api/v1, JSON, with API keys. One file a resource."""
