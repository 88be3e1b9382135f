"""What staff do, on their pages and by commands: each act together with its entry in the log (payapp/audit).

The session comes first, nothing is committed here: the door's one commit holds the act and its entry. What turns out to
be done already changes nothing, and is not written down again.
"""
