"""The field day: ``satchel demo``.

A hub, three field daemons and the office's, all real processes on loopback, play one day
of a small company: offline edits, clashes, refusals, killed processes.  Afterwards the day
is checked from outside, by what the sockets and the hub's log say against a ledger of the
answers that the apps had received.

Owns the story, the relays and the checks; it uses Satchel as any app would.
"""
