"""Every bound in Satchel, with its reason.  One file, so that a reader can add them up.

Units come last in each name.  A bound that a person can meet has an error code of
its own in :mod:`satchel.model.errors`.
"""

from __future__ import annotations

from typing import Final

# -- rows and changesets ---------------------------------------------------------------

ROW_BYTES_MAX: Final = 1 << 20
"""A row's encoded values.  So that a row always fits one frame (sync.md 1.1)."""

CHANGESET_BYTES_MAX: Final = 1 << 20
"""An encoded changeset.  The same reason, on the way up (sync.md 2.6)."""

CHANGESET_OPS_MAX: Final = 1_000
"""Ops in one changeset: what one transaction at the hub may judge in one go."""

CASCADE_ROWS_MAX: Final = 10_000
"""Rows that one delete may reach.  Larger clean-ups are the administrator's (sync.md 1.4)."""

HIERARCHY_DEPTH_MAX: Final = 1_000
"""Steps of a walk up a parent chain before it counts as a cycle."""

TEXT_LENGTH_MAX: Final = 1_048_576
"""Characters of any text, whatever a column's declaration allows."""

INTEGER_MAX: Final = (1 << 63) - 1
"""Integers are below 2^63, so that every msgpack reader can hold them."""

TABLES_MAX: Final = 0x3FFF
"""Table numbers, so that table and relationship numbers fit one tagged u16 key prefix."""

# -- frames ------------------------------------------------------------------------------

FRAME_BYTES_MAX: Final = (1 << 20) + (64 << 10)
"""Largest frame, before and after decompression alike: 1 MiB and room for its envelope."""

SCHEMA_BYTES_MAX: Final = 1 << 20
"""An encoded schema document: it travels whole, in one frame."""

BUNDLE_ENTRIES_MAX: Final = 1_000
"""Changesets in one push, in flight at once."""

BUNDLE_BYTES_MAX: Final = 1 << 20
"""Bytes of changesets in one push: the window in flight (sync.md 3.3)."""

PAGE_BYTES_TARGET: Final = 256 << 10
"""A page closes at this size: at most one page is sent again after a cut (sync.md 3.5)."""

PULL_BYTES_DEFAULT: Final = 1 << 20
"""What a response to PULL carries unless the device asks for more: bounds the hub's memory."""

PULL_BYTES_MAX: Final = 32 << 20
"""The most a device may ask for, to close a pass under constant writing (sync.md 3.5)."""

PULL_WAIT_MS_MAX: Final = 55_000
"""A long poll ends before common proxies cut an idle connection at 60 s."""

NESTING_DEPTH_MAX: Final = 32
"""Arrays and maps inside each other in anything decoded from outside."""

# -- the device ----------------------------------------------------------------------------

GROUP_COMMIT_MAX: Final = 64
"""Commands in one transaction.  64 cost about what one does (budget.md 4)."""

WRITER_QUEUE_MAX: Final = 256
"""Commands waiting for the writer; beyond it apps wait in their sockets."""

FLIP_ROWS_MAX: Final = 4_000
"""Staged entries that one FLIP transaction installs; more are built aside.  About 0.2 s
in which nothing else is written (sync.md 3.5 allows 20,000; see DECISIONS)."""

FLIP_BYTES_MAX: Final = 8 << 20
"""Staged bytes that one FLIP transaction installs, for the same reason."""

BUILD_ROWS_MAX: Final = 5_000
"""Entries that one transaction adds to a generation being built aside."""

BUILD_BYTES_MAX: Final = 8 << 20
"""Bytes of them: the memory of one step does not follow the size of rows."""

JOURNAL_EVENTS_MAX: Final = 5_000
"""Events in one journal line, which must fit a frame; what touches more says: read afresh."""

JOURNAL_LINES_MAX: Final = 100_000
"""Journal lines kept; a follower further behind is told to read afresh (sync.md 4.3)."""

ARCHIVE_MS: Final = 30 * 24 * 3600 * 1000
"""How long decided work is kept where the hub has named no backup (sync.md 4.5)."""

SESSION_RECEIPTS_MAX: Final = 1_000
"""Receipts kept for one client session whose app confirms nothing."""

SESSION_MS: Final = 7 * 24 * 3600 * 1000
"""A client session is known for this long after it was issued, a receipt after its request."""

MAP_BYTES_START: Final = 1 << 30
"""The LMDB map when a store is opened: address space, not disk."""

MAP_BYTES_MAX: Final = 1 << 40
"""Where doubling the map stops."""

MAP_GROWTHS_PER_TRANSACTION: Final = 12
"""Doublings tried for one transaction before the disk is called full."""

# -- the local API ---------------------------------------------------------------------------

CONNECTIONS_MAX: Final = 512
"""Apps connected at once: each costs about 5 KiB and one file descriptor."""

REQUESTS_IN_FLIGHT_MAX: Final = 64
"""Requests of one connection read ahead of their answers."""

LIST_ROWS_DEFAULT: Final = 100
LIST_ROWS_MAX: Final = 5_000
"""Rows of one page of ``list``; Dataverse pages at 5,000 too."""

REPLY_BYTES_TARGET: Final = 768 << 10
"""A page of rows closes here, so that an answer fits a frame."""

CHANGES_LINES_MAX: Final = 1_000
"""Journal lines of one answer to ``changes``."""

HANDSHAKE_MS: Final = 10_000
"""A connection that has said nothing for this long is closed."""

# -- the hub -----------------------------------------------------------------------------------

HUB_BATCH_MAX: Final = 64
"""Changesets judged in one transaction (budget.md 8)."""

JUDGE_ROWS_MAX: Final = 10_000
"""Rows and links that judging one changeset may read: counted work, never milliseconds,
so that a verdict does not depend on how busy the hub is (sync.md 6.4)."""

JUDGE_ROWS_PER_MARK: Final = 8
"""Of these, more for each row that a delete or restore reaches: the rows its lookups name
and its links, without which a delete of 10,000 rows could not be judged."""

RESTRICT_ROWS_COUNTED_MAX: Final = 1_000
"""Rows that hold a row back are counted up to here: a currency is held by everything."""

CLOCK_AHEAD_MS_MAX: Final = 60_000
"""A stamp further ahead of the hub's clock is lowered to this (sync.md 2.5)."""

CLOCK_SKEW_WARN_MS: Final = 120_000
"""From here a device tells its user that the clock is off (sync.md 2.5)."""

HTTP_HEADER_BYTES_MAX: Final = 16 << 10
HTTP_BODY_BYTES_MAX: Final = 2 << 20
"""A push of 1 MiB in frames, with room; anything larger is refused unread."""

HTTP_CONNECTIONS_MAX: Final = 2_000
HTTP_IDLE_MS: Final = 75_000
"""Longer than the longest poll, so that it is never the server that cuts it."""

HTTP_READ_MS: Final = 30_000
"""Time for a whole request to arrive once it has begun."""

INVITE_MS: Final = 7 * 24 * 3600 * 1000
"""An invite nobody used is worthless after a week."""

CERTIFICATE_MS: Final = 365 * 24 * 3600 * 1000
"""A device certificate; renewed by a new invite for the same key."""

LINK_WINDOW: Final = 64
"""Request numbers of one link that may arrive out of order: two lanes, a few retries."""

LINKS_MAX: Final = 10_000
"""Links of devices the hub remembers; the oldest is forgotten and says hello again."""

LINKS_PER_DEVICE_MAX: Final = 4
"""Of these, one device's: it needs one, and those it lost in the network age out."""

HELLO_NONCES_MAX: Final = 64
"""Greetings of one device by which the hub knows a recorded one again."""

PULLS_BYTES_MAX: Final = 64 << 20
"""What answers to PULL hold at the hub at once; beyond it each device gets a page at a time."""

RETRY_AFTER_MS: Final = 5_000
"""What the hub asks of a device whose request it cannot take now."""

IMPORT_BAD_LISTED_MAX: Final = 200
"""Bad lines an import names; more are only counted, so that they fit an answer and a person."""

# -- waiting -------------------------------------------------------------------------------------

BACKOFF_MS_MIN: Final = 500
BACKOFF_MS_MAX: Final = 60_000
"""Retry after 0.5 s, doubling to a minute, each with jitter."""
