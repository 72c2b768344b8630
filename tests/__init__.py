"""Everything that holds Satchel to its word; ``python -m tests.check`` runs it all.

``unit/`` mirrors the packages, ``laws/`` states what holds for any input, ``e2e/`` runs
real processes, ``tidy/`` holds the habits of the code itself.
"""
