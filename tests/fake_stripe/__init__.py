"""Tests of the stand-in for Stripe: each drives a really started process, most through the real SDK."""
