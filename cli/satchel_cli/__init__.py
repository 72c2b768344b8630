"""The ``satchel`` command: what a person types, and how it is answered.

It asks the running daemon through ``satchel.client`` and never opens a store.
Importing this package loads nothing.
"""
