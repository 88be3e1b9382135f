"""wsgi:app as tests serve it: passwords are hashed in no time.

As slow as they should be, each sign-up takes a quarter of a second of one processor, which says nothing about what
is tested. The journey, `make demo` and chaos serve wsgi:app itself.
"""

from payapp import create_app
from payapp.auth import accounts
from tests.quick_hashes import QUICK_HASHER

accounts.hasher = QUICK_HASHER
app = create_app()
