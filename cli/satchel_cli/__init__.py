"""The ``satchel`` command: what a person types, and how it is answered.

It asks the running daemon through ``satchel.client`` and never opens a store.
Importing this package loads nothing: see ``app`` for why that matters.
"""

__version__ = "0.1.0"
"""As ``satchel.__version__``, which is not imported here because that loads ``typing``."""
