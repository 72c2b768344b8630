"""Merge laws: what happens when work that had not seen each other meets.

Pure functions over rows, stamps and link states (:mod:`satchel.model.row`).  The same code
folds a device's overlay and applies accepted work at the hub, so acceptance normally
changes nothing that a user sees.  Nothing here knows the schema, bytes or storage.
"""
