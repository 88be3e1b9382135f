"""A local stand-in for Stripe: a program of its own, for apps in any language. README.md says how to use it."""
