"""make pressure: who waits while Stripe is silent or many log in at once. Figures: ../PRESSURE.md; how: __main__.py."""
