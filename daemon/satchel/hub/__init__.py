"""The hub's transactions: judging, pulling, enrolling, administering.

Plain synchronous functions over one ordered key-value transaction; no network, no clock.
"""
