"""The sample organisation: a small maker of trail gear and the people it sells to.

Invented, and the product's own.  Every value is text, so that the checks can compare what
was typed with what is there, character by character.
"""

from __future__ import annotations

from typing import Final

ORGANISATION: Final = "Ridgeline Outfitters"

OFFICE: Final = "Dana"
FIELD: Final = ("Ana", "Ben", "Chidi")

ACCOUNTS: Final = (
    ("Kettle Pass Supply", "Leadville"),
    ("Two Rivers Outdoor", "Grand Junction"),
    ("Lantern Hill Rentals", "Durango"),
    ("Cedar Bay Paddles", "Duluth"),
    ("Old Mill Camping", "Bozeman"),
    ("North Loop Cyclery", "Minneapolis"),
    ("Harbor Street Sports", "Portland"),
    ("Stonefield Lodge", "Estes Park"),
    ("Bluebird Ski Works", "Taos"),
    ("Prairie Wind Kites", "Lincoln"),
)

CONTACTS: Final = (
    ("Rosa", "Lindqvist"),
    ("Teo", "Okafor"),
    ("Mina", "Halvorsen"),
    ("Jules", "Moreau"),
    ("Sam", "Whitaker"),
    ("Ines", "Carvalho"),
)

LEADS: Final = (("Winter tents for the lodge", "Brandt"), ("Rental fleet renewal", "Osei"))

ACCOUNT_COLUMNS: Final = ("telephone1", "fax", "websiteurl", "sic", "telephone2", "telephone3")
CONTACT_COLUMNS: Final = ("jobtitle", "mobilephone", "department", "nickname", "pager")
"""Columns that the day's routine edits touch: text, each merged by itself."""
