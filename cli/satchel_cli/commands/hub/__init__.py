"""``satchel hub``: founding, running and looking after the hub of one or more organisations.

One file for each thing that is looked after; here they become one group.
"""

from __future__ import annotations

from satchel_cli.commands.hub import device, importing, looking, process, table, user
from satchel_cli.groups import new_group

EXAMPLE = 'satchel hub init --org "Adventure Works" && satchel hub run'

group = new_group("The office's side: the hub of one or more organisations.", EXAMPLE, lists=False)
process.add_to(group)
user.add_to(group)
device.add_to(group)
importing.add_to(group)
table.add_to(group)
looking.add_to(group)
