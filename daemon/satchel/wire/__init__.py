"""Bytes: the one msgpack codec, frames, chains and signatures.  No I/O, no clock, no schema."""
