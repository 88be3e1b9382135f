"""Chaos: the real stack bought from and spent on by several processes, while everything is killed at random moments.

`make chaos` runs it for minutes, test_chaos.py for a short while. What is killed and when is killer.py, who buys,
spends and disturbs is clients/, what must hold in the end is checks.py. To have something more happen, write a client;
to demand something more, a check.
"""
