"""The book: credits posted, credits held, and every entry that changed them. See README.md for its laws."""
