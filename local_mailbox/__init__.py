"""A mailbox on your own machine: takes every mail by SMTP, for whomever it is, and shows it in the browser.

A program of its own, for any app: it imports nothing of payapp. `python -m local_mailbox --help` lists its options.
"""
