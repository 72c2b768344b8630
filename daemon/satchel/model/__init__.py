"""The vocabulary of Satchel as plain values: ids, clocks, changesets, rows, errors, limits.

Standard library only.  Nothing here reads a clock, a random source or a file.
"""
