"""Money in: turns what Stripe says into ledger entries. See README.md for the life of a purchase."""
