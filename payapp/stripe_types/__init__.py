"""What Stripe says, and what we ask, in our own words: the dataclasses that cross the wall."""
