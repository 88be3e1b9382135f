"""Proofs that the stand-in tells the truth about Stripe."""
