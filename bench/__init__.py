"""make bench: payapp beside the smallest app that runs the same SQL. See __main__.py; the figures are in RESULTS.md."""
