"""Second factors: authenticator apps, passkeys and recovery codes.

The session comes first in the functions of this room, nothing is committed here.
"""
