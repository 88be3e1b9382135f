"""The yardstick: the smallest Flask app that leaves the same rows behind as payapp, in payapp's own tables.

It looks up the API key, the login cookie with its CSRF token, or Stripe's signature, and answers with the same fields.
On PostgreSQL each request is one statement, committed by itself and prepared by psycopg, over one open connection a
thread; on SQLite it is plain statements in one BEGIN IMMEDIATE. It asks none of payapp's questions about what it
reads: who repeats a request gets a 500, and what is wrong with one is nobody's business.
"""
