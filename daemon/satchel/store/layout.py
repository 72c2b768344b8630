"""The disk spec in code: which databases a store has, and how their keys are made.

Owns database names and keys; values are made elsewhere.  Every integer in a key is
big-endian, so that keys sort as their fields do (sync.md 5.1).  Builders join the parts
as they are: a part of a wrong length is a bug that shows in the parser, which takes exact
lengths only.  ``rec``, ``target``, ``a`` and ``b`` are row ids of 16 bytes, ``replica``
has 8; ``ent`` and ``rel`` are table and relationship numbers below 0x4000.

Device (one store per organisation and user):

====  ==================================  =============================================
db    key                                 value, and who writes it
====  ==================================  =============================================
meta  name                                replica, keys, cursor, generation, schema (all)
org   replica 8                           an origin: number, processed, chain (flip)
req   session 16, n u64                   receipt whose log record has left (flip)
log   replica 8, ctr u64                  entry, with request id and chain (commit)
view  see *view keys*                     folded row where it differs from BASE; overlay
                                          markers; links (commit, flip)
row   gen u8, ent u16, rec                row of BASE (flip, build)
ref   gen u8, target, rel u16, rec        empty: a lookup of BASE or VIEW (commit, flip)
lnk   gen u8, rel u16, a, b               live add stamps; mirror at rel | 0x8000, b, a
stg   kind u8, key                        entry of a pull that has not ended (page)
qtn   replica 8, ctr u64                  refused entry, reason, cause, time (flip)
cnf   gen u8, ent, rec, reg, seq, n       conflict record (flip; resolve)
jrn   n u64                               what changed here (commit, flip)
arc   replica 8, ctr u64                  own decided entry, seq, code (flip)
sch   version u64                         schema document (flip)
====  ==================================  =============================================

*View keys* share one tree, so that a row and its overlay lie in one leaf (budget.md 2):

====================================  ===================================================
u16 ent, rec                          folded row
… replica 8, ctr u64                  empty: that changeset touches the row
u16 0x4000 | rel, a, b                folded link
… replica 8, ctr u64                  empty: that changeset touches the link
u16 0xC000 | rel, b, a                empty: the link found from its other end
====================================  ===================================================

Hub (one store per organisation): ``meta``, ``org``, ``row``, ``ref``, ``lnk``, ``cnf`` and
``sch`` as above, without the generation; and

====  ==================================  =============================================
feed  seq u64, kind u8, key               empty: what changed at seq; the thing remembers
                                          its seq, so its older line is removed (judge)
out   replica 8, ctr u64                  outcome: seq, code, effects, body if refused (judge)
seq   seq u64                             key in ``out`` of the changeset that got it (judge)
badc  rec                                 key in ``out`` of the refused changeset that would
                                          have made the row; never forgotten (judge)
dev   device id 16                        replica, user, public key, name, state (enrol)
usr   user id 16                          name, whether disabled (enrol)
inv   hash of the invite                  user, expiry, the replica that used it (enrol)
====  ==================================  =============================================
"""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple

META: Final = "meta"
ORG: Final = "org"
REQ: Final = "req"
LOG: Final = "log"
VIEW: Final = "view"
ROW: Final = "row"
REF: Final = "ref"
LNK: Final = "lnk"
STG: Final = "stg"
QTN: Final = "qtn"
CNF: Final = "cnf"
JRN: Final = "jrn"
ARC: Final = "arc"
SCH: Final = "sch"
FEED: Final = "feed"
OUT: Final = "out"
SEQ: Final = "seq"
DEV: Final = "dev"
USR: Final = "usr"
INV: Final = "inv"
BADC: Final = "badc"

DEVICE_DBS: Final = (META, ORG, REQ, LOG, VIEW, ROW, REF, LNK, STG, QTN, CNF, JRN, ARC, SCH)
HUB_DBS: Final = (META, ORG, ROW, REF, LNK, CNF, FEED, OUT, SEQ, DEV, USR, INV, SCH, BADC)

LINK_TAG: Final = 0x4000
"""Set in a view key's number: a relationship, not a table."""
MIRROR_TAG: Final = 0x8000
"""Set in a relationship's number: the link seen from its other end."""
NUMBER_MASK: Final = 0x3FFF

_U8 = Struct(">B").pack
_U16 = Struct(">H").pack
_U64 = Struct(">Q").pack
_GEN_U16 = Struct(">BH").pack
_CNF_TAIL = Struct(">HQH").pack
_FEED_HEAD = Struct(">QB").pack

_ROW = Struct(">BH16s").unpack
_HUB_ROW = Struct(">H16s").unpack
_LOG = Struct(">8sQ").unpack
_REQ = Struct(">16sQ").unpack
_SEQ = Struct(">Q").unpack
_REF = Struct(">B16sH16s").unpack
_HUB_REF = Struct(">16sH16s").unpack
_LNK = Struct(">BH16s16s").unpack
_HUB_LNK = Struct(">H16s16s").unpack
_CNF = Struct(">BH16sHQH").unpack
_HUB_CNF = Struct(">H16sHQH").unpack
_FEED = Struct(">QB").unpack_from
_NUMBER = Struct(">H").unpack_from
_ID = 16


# -- rows -------------------------------------------------------------------------------


def row_key(gen: int, ent: int, rec: bytes) -> bytes:
    """Key in ROW on a device; with ``rec=b""`` the prefix of a table."""
    return _GEN_U16(gen, ent) + rec


def parse_row_key(key: bytes) -> tuple[int, int, bytes]:
    """(gen, ent, rec)"""
    return _ROW(key)


def hub_row_key(ent: int, rec: bytes) -> bytes:
    """Key in ROW on the hub; with ``rec=b""`` the prefix of a table."""
    return _U16(ent) + rec


def parse_hub_row_key(key: bytes) -> tuple[int, bytes]:
    """(ent, rec)"""
    return _HUB_ROW(key)


def gen_prefix(gen: int) -> bytes:
    """Prefix of everything of one generation in ROW, REF, LNK or CNF on a device."""
    return _U8(gen)


# -- changesets, receipts, numbered lines ---------------------------------------------------


def log_key(replica: bytes, ctr: int) -> bytes:
    """Key in LOG, QTN, ARC and OUT: a dot, so that an origin's entries are in order."""
    return replica + _U64(ctr)


def parse_log_key(key: bytes) -> tuple[bytes, int]:
    """(replica, ctr)"""
    return _LOG(key)


def req_key(session: bytes, number: int) -> bytes:
    """Key in REQ: client session of 16 bytes, request number."""
    return session + _U64(number)


def parse_req_key(key: bytes) -> tuple[bytes, int]:
    """(session, number)"""
    return _REQ(key)


def seq_key(n: int) -> bytes:
    """Key in JRN, SEQ and SCH: a number that grows."""
    return _U64(n)


def parse_seq_key(key: bytes) -> int:
    """n"""
    number: int = _SEQ(key)[0]
    return number


def stg_key(kind: int, key: bytes) -> bytes:
    """Key in STG: what kind of thing is staged (u8), and its own key."""
    return _U8(kind) + key


def parse_stg_key(key: bytes) -> tuple[int, bytes]:
    """(kind, key)"""
    return key[0], key[1:]


# -- lookups --------------------------------------------------------------------------------


def ref_key(gen: int, target: bytes, rel: int, rec: bytes) -> bytes:
    """Key in REF on a device; with ``rec=b""`` the prefix of one relationship's referrers."""
    return _U8(gen) + target + _U16(rel) + rec


def parse_ref_key(key: bytes) -> tuple[int, bytes, int, bytes]:
    """(gen, target, rel, rec)"""
    return _REF(key)


def hub_ref_key(target: bytes, rel: int, rec: bytes) -> bytes:
    """Key in REF on the hub; with ``rec=b""`` the prefix of one relationship's referrers."""
    return target + _U16(rel) + rec


def parse_hub_ref_key(key: bytes) -> tuple[bytes, int, bytes]:
    """(target, rel, rec)"""
    return _HUB_REF(key)


# -- links ----------------------------------------------------------------------------------


def lnk_key(gen: int, rel: int, a: bytes, b: bytes) -> bytes:
    """Key in LNK on a device; with ``b=b""`` the prefix of all links of ``a``."""
    return _GEN_U16(gen, rel) + a + b


def lnk_mirror_key(gen: int, rel: int, a: bytes, b: bytes) -> bytes:
    """The mirror of the link a-b; with ``a=b""`` the prefix of all links of ``b``."""
    return _GEN_U16(gen, rel | MIRROR_TAG) + b + a


def parse_lnk_key(key: bytes) -> tuple[int, int, bytes, bytes]:
    """(gen, rel, a, b) of a link key; of a mirror: (gen, rel | MIRROR_TAG, b, a)"""
    return _LNK(key)


def hub_lnk_key(rel: int, a: bytes, b: bytes) -> bytes:
    """Key in LNK on the hub; with ``b=b""`` the prefix of all links of ``a``."""
    return _U16(rel) + a + b


def hub_lnk_mirror_key(rel: int, a: bytes, b: bytes) -> bytes:
    """The mirror of the link a-b; with ``a=b""`` the prefix of all links of ``b``."""
    return _U16(rel | MIRROR_TAG) + b + a


def parse_hub_lnk_key(key: bytes) -> tuple[int, bytes, bytes]:
    """(rel, a, b) of a link key; of a mirror: (rel | MIRROR_TAG, b, a)"""
    return _HUB_LNK(key)


# -- conflicts and the feed -------------------------------------------------------------------


def cnf_key(gen: int, ent: int, rec: bytes, reg: int, seq: int, n: int) -> bytes:
    """Key in CNF on a device: row, register u16, seq of the loss, and which of that seq."""
    return _GEN_U16(gen, ent) + rec + _CNF_TAIL(reg, seq, n)


def parse_cnf_key(key: bytes) -> tuple[int, int, bytes, int, int, int]:
    """(gen, ent, rec, reg, seq, n)"""
    return _CNF(key)


def hub_cnf_key(ent: int, rec: bytes, reg: int, seq: int, n: int) -> bytes:
    """Key in CNF on the hub: as on a device, without the generation."""
    return _U16(ent) + rec + _CNF_TAIL(reg, seq, n)


def parse_hub_cnf_key(key: bytes) -> tuple[int, bytes, int, int, int]:
    """(ent, rec, reg, seq, n)"""
    return _HUB_CNF(key)


def feed_key(seq: int, kind: int, key: bytes) -> bytes:
    """Key in FEED: hub seq, what kind of thing changed (u8), and its own key."""
    return _FEED_HEAD(seq, kind) + key


def parse_feed_key(key: bytes) -> tuple[int, int, bytes]:
    """(seq, kind, key)"""
    seq, kind = _FEED(key)
    return seq, kind, key[9:]


# -- the view -----------------------------------------------------------------------------------


class ViewKey(NamedTuple):
    """A key in VIEW, taken apart.

    ``number``: table or relationship.  A row has its id in ``a`` and an empty ``b``; a
    link has its own ends in ``a`` and ``b``, whichever end the key begins with.  ``dot``:
    replica and counter of an overlay marker, None for a folded value.
    """

    link: bool
    mirror: bool
    number: int
    a: bytes
    b: bytes
    dot: tuple[bytes, int] | None


def view_row_key(ent: int, rec: bytes) -> bytes:
    """The folded row; also the prefix of it and its overlay."""
    return _U16(ent) + rec


def view_overlay_key(ent: int, rec: bytes, replica: bytes, ctr: int) -> bytes:
    """The marker that a changeset of the overlay touches the row."""
    return _U16(ent) + rec + replica + _U64(ctr)


def view_link_key(rel: int, a: bytes, b: bytes) -> bytes:
    """The folded link, and the prefix of it and its overlay; with ``b=b""``: of all of ``a``."""
    return _U16(LINK_TAG | rel) + a + b


def view_mirror_key(rel: int, a: bytes, b: bytes) -> bytes:
    """The mirror of the folded link a-b; with ``a=b""`` the prefix of all links of ``b``."""
    return _U16(MIRROR_TAG | LINK_TAG | rel) + b + a


def view_link_overlay_key(rel: int, a: bytes, b: bytes, replica: bytes, ctr: int) -> bytes:
    """The marker that a changeset of the overlay touches the link."""
    return _U16(LINK_TAG | rel) + a + b + replica + _U64(ctr)


def parse_view_key(key: bytes) -> ViewKey:
    """Take any key of VIEW apart.  Raises struct.error if it is none."""
    (tag,) = _NUMBER(key)
    link, mirror, number = bool(tag & LINK_TAG), bool(tag & MIRROR_TAG), tag & NUMBER_MASK
    # An overlay marker of a row is as long as a link: only the tag tells them apart.
    body = 2 + _ID * (2 if link else 1)
    dot = _LOG(key[body:]) if len(key) != body else None
    a, b = key[2 : 2 + _ID], key[2 + _ID : body]
    return ViewKey(link, mirror, number, *((b, a) if mirror else (a, b)), dot)
