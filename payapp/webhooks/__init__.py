"""Stripe's door: signed events are verified, recorded, processed and answered."""
