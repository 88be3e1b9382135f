"""A local stand-in for Stripe: its own process, its own state, nothing of payapp's imported."""
