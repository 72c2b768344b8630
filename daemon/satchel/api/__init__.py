"""The local API between apps and the daemon: vocabulary, framing, sessions.  Pure.

``messages`` is the index of all commands, ``arguments`` checks what they are given,
``connection`` frames and orders them (one machine, both roles), ``caller`` is what a client
remembers from one connection to the next, ``session`` makes and knows session tokens.
"""
