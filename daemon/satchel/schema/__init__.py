"""Tables, columns and relationships: what a row may hold, and the rules every write meets.

Sees only :mod:`satchel.model`.  Knows nothing of bytes, stores, clocks or who asks.
"""
