"""One command, one file: its options, its words, and the one thing it asks the daemon.

Each file has the function and an ``EXAMPLE`` of its use; ``program`` puts them under
their headings.
"""
