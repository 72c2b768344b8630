"""The device's transactions: commit, stage, flip, resolve.

Plain synchronous functions over one ordered key-value transaction, one for each kind of
transaction (sync.md 5.2); no event loop, no network, no clock.
"""
