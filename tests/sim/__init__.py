"""The simulator: production engine, hub, store and machines under virtual time.

Only clock, chance, network and disk are replaced; ``world`` builds a world from a seed,
``checkers`` say what must hold.  Nothing here merges, judges or stores, but for ``reference``,
which does all three naively, to be compared with.
"""
