"""How a request is checked before anything happens: key, parameters, idempotency key, faults on order."""
