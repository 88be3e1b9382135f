"""Money that goes back: refunds and disputes, and the credits that go with it."""
