"""The device's side of HELLO, SCHEMA, PUSH and PULL as machines: events in, effects out.

No I/O, no store, no clock, no chance: the shell performs effects (HTTP, transactions,
timers) and feeds what came of them back as events.  Start at :mod:`satchel.sync.session`;
every transition stands in :mod:`satchel.sync.states`.
"""
