"""The hub writing for itself: import and administration are changesets of origin 0.

They are judged like any other (sync.md 2.1), so nothing enters an organisation's records
past its rules.  The counter and chain of origin 0 lie in its origin record.
"""

from __future__ import annotations

from satchel.hub.office import HUB_ORIGIN, Office, State, read_origin
from satchel.hub.outcomes import Outcome
from satchel.hub.push import Bundle, push
from satchel.model import hlc
from satchel.model.changeset import Context, Entry, Op
from satchel.store.txn import Txn
from satchel.wire.entry import SALT_BYTES, encode_entry


def write_changes(
    txn: Txn, office: Office, changes: list[list[Op]], now_ms: int, salts: bytes
) -> list[Outcome]:
    """Write each list of ops as one changeset of origin 0; one outcome for each, in order.

    ``ops`` hold table numbers and stored values (:mod:`satchel.schema.validate` makes
    them).  ``salts``: 16 fresh random bytes for each changeset.  A refused changeset
    changes nothing and does not stop the next.  Raises Invalid TOO_BIG.
    """
    state = State.read(txn)
    origin = read_origin(txn, office.setup.replica)
    assert origin is not None, "the hub's own origin is made by init"
    assert origin.number == HUB_ORIGIN
    bodies = []
    for position, ops in enumerate(changes):
        salt = salts[position * SALT_BYTES : (position + 1) * SALT_BYTES]
        ctx = Context(state.epoch, state.head, state.head, {}, None)
        entry = Entry(state.schema, hlc.from_ms(now_ms) + position, ctx, [], ops, None, salt)
        bodies.append(encode_entry(entry))
    bundle = Bundle(origin.replica, origin.processed + 1, origin.chain, bodies)
    return push(txn, office, bundle, now_ms).outcomes
