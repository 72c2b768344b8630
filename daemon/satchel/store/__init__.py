"""Bytes on disk: one ordered key-value environment per store, and the layout of its keys."""
