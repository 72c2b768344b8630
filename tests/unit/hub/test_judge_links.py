"""Links at the hub: adds win, removes take what they name, dead ends hide and give back."""

from __future__ import annotations

from satchel.model.ids import Dot
from satchel.model.row import CTR, HLC, ORIGIN
from satchel.store import layout
from tests.unit.hub.court import (
    FIRM,
    KNOWS,
    PERSON,
    TWINS,
    Author,
    Court,
    create,
    delete,
    link,
    restore,
    row_id,
    to,
    unlink,
)


def pair(author: Author) -> int:
    """Firm 1 and person 2; the seq."""
    return author.do(create(FIRM, 1), create(PERSON, 2))


def adds(court: Court) -> list[tuple[int, int]]:
    """(origin, counter) of the live adds of the link between them."""
    state = court.link(KNOWS, 1, 2)
    return sorted((stamp[ORIGIN], stamp[CTR]) for stamp in state[0]) if state is not None else []


def test_a_link_is_found_from_both_ends(court: Court) -> None:
    """LNK holds the link and its mirror."""
    author = court.author()
    pair(author)
    author.do(link(KNOWS, 1, 2))
    keys = [layout.parse_hub_lnk_key(key) for key in court.dump(layout.LNK)[layout.LNK]]
    mirrored = KNOWS | layout.MIRROR_TAG
    assert keys == [(KNOWS, row_id(1), row_id(2)), (mirrored, row_id(2), row_id(1))]


def test_a_new_add_replaces_those_it_has_seen(court: Court) -> None:
    """Normally one add is live."""
    one, two = court.author(), court.author()
    pair(one)
    one.do(link(KNOWS, 1, 2))
    two.do(link(KNOWS, 1, 2))
    assert adds(court) == [(2, 1)]


def test_an_add_concurrent_with_a_remove_survives(court: Court) -> None:
    """In whichever order the hub takes them: the remove had not seen that add."""
    for late in ("remove", "add"):
        one, two = court.author(), court.author()
        number = 10 * one.number
        one.do(create(FIRM, number), create(PERSON, number + 1))
        base = one.do(link(KNOWS, number, number + 1))
        remove = unlink(KNOWS, number, number + 1, one.dot)
        if late == "remove":
            two.do(link(KNOWS, number, number + 1), base=base - 1)
            one.do(remove, base=base)
        else:
            one.do(remove, base=base)
            two.do(link(KNOWS, number, number + 1), base=base - 1)
        assert court.linked(KNOWS, number, number + 1), late


def test_a_remove_takes_what_it_names(court: Court) -> None:
    """All adds its author had in view, and no other."""
    one, two = court.author(), court.author()
    base = pair(one)
    one.do(link(KNOWS, 1, 2))
    two.do(link(KNOWS, 1, 2), base=base)
    assert adds(court) == [(1, 2), (2, 1)]
    one.do(unlink(KNOWS, 1, 2, Dot(one.replica, 2)))
    assert adds(court) == [(2, 1)]
    one.do(unlink(KNOWS, 1, 2, Dot(two.replica, 1)))
    assert not court.linked(KNOWS, 1, 2)


def test_a_remove_of_what_is_gone_changes_nothing(court: Court) -> None:
    """OK, and nothing is filed: not for adds that were replaced, nor for links that never were."""
    one, two = court.author(), court.author()
    pair(one)
    one.do(link(KNOWS, 1, 2))
    old = one.dot
    two.do(link(KNOWS, 1, 2))
    before = court.dump(layout.LNK)
    one.do(unlink(KNOWS, 1, 2, old))
    one.do(unlink(KNOWS, 8, 9, old))
    assert court.dump(layout.LNK) == before


def test_a_dead_end_hides_the_link(court: Court) -> None:
    """It is filed anew, hidden; its add stays; and it is back with its end."""
    one = court.author()
    pair(one)
    one.do(link(KNOWS, 1, 2))
    add = adds(court)
    one.do(delete(PERSON, 2))
    assert (court.linked(KNOWS, 1, 2), adds(court)) == (False, add)
    one.do(restore(PERSON, 2))
    assert (court.linked(KNOWS, 1, 2), adds(court)) == (True, add)


def test_both_ends_must_live(court: Court) -> None:
    """With two dead ends, the link is back when the second is."""
    one = court.author()
    pair(one)
    one.do(link(KNOWS, 1, 2))
    one.do(delete(PERSON, 2))
    one.do(delete(FIRM, 1))
    one.do(restore(PERSON, 2))
    assert not court.linked(KNOWS, 1, 2)
    one.do(restore(FIRM, 1))
    assert court.linked(KNOWS, 1, 2)


def test_an_end_that_falls_hides_the_link(court: Court) -> None:
    """Dead is dead: under another row or by its own delete."""
    one = court.author()
    one.do(create(FIRM, 1), create(FIRM, 3), create(PERSON, 2, works_at=to(FIRM, 3)))
    one.do(link(KNOWS, 1, 2))
    one.do(delete(FIRM, 3))
    assert not court.linked(KNOWS, 1, 2)
    one.do(restore(FIRM, 3))
    assert court.linked(KNOWS, 1, 2)


def test_an_unlink_while_an_end_is_dead_counts(court: Court) -> None:
    """Else a restore would bring back a link that somebody removed."""
    one, two = court.author(), court.author()
    pair(one)
    base = one.do(link(KNOWS, 1, 2))
    add = one.dot
    two.do(delete(PERSON, 2))
    one.do(unlink(KNOWS, 1, 2, add), base=base)
    two.do(restore(PERSON, 2))
    assert adds(court) == []
    assert not court.linked(KNOWS, 1, 2)


def test_a_link_made_again_after_that_is_seen(court: Court) -> None:
    """Removed while an end was dead, restored, linked anew: devices see it."""
    one = court.author()
    pair(one)
    one.do(link(KNOWS, 1, 2))
    add = one.dot
    one.do(delete(PERSON, 2))
    one.do(unlink(KNOWS, 1, 2, add))
    one.do(restore(PERSON, 2))
    one.do(link(KNOWS, 1, 2))
    assert court.linked(KNOWS, 1, 2)


def test_a_link_and_the_death_of_an_end_in_one_changeset(court: Court) -> None:
    """The link is kept, hidden, until the end is restored."""
    one = court.author()
    pair(one)
    one.do(link(KNOWS, 1, 2), delete(PERSON, 2))
    assert court.link(KNOWS, 1, 2) is not None
    assert not court.linked(KNOWS, 1, 2)
    one.do(restore(PERSON, 2))
    assert court.linked(KNOWS, 1, 2)


def test_an_end_restored_and_linked_in_one_changeset(court: Court) -> None:
    """What had not been seen while the end was dead is not replaced."""
    one, two = court.author(), court.author()
    pair(one)
    one.do(link(KNOWS, 1, 2))
    dead = one.do(delete(PERSON, 2))
    two.do(restore(PERSON, 2), link(KNOWS, 1, 2), base=dead)
    assert court.linked(KNOWS, 1, 2)
    two.do(unlink(KNOWS, 1, 2, two.dot))
    assert adds(court) == [(1, 2)]


def test_links_within_one_table_have_two_sides(court: Court) -> None:
    """Twins: a row may be either end, and either end hides the link."""
    one = court.author()
    one.do(create(PERSON, 1), create(PERSON, 2), create(PERSON, 3))
    one.do(link(TWINS, 1, 2), link(TWINS, 3, 1))
    one.do(delete(PERSON, 1))
    assert not court.linked(TWINS, 1, 2)
    assert not court.linked(TWINS, 3, 1)
    one.do(restore(PERSON, 1))
    assert court.linked(TWINS, 1, 2)
    assert court.linked(TWINS, 3, 1)
    assert court.link(TWINS, 2, 1) is None


def test_an_add_rises_above_those_it_has_seen(court: Court) -> None:
    """Under a clock set back, too, an add is later than what it replaces."""
    one = court.author()
    pair(one)
    one.do(link(KNOWS, 1, 2), clock_ms=50_000)
    high = court.link(KNOWS, 1, 2)
    one.do(link(KNOWS, 1, 2), clock_ms=-50_000)
    low = court.link(KNOWS, 1, 2)
    assert high is not None
    assert low is not None
    assert low[0][0][HLC] == high[0][0][HLC] + 1


def test_a_removed_link_is_not_filed_again_with_its_ends(court: Court) -> None:
    """What is gone does not travel each time an end dies and comes back."""
    one = court.author()
    pair(one)
    one.do(link(KNOWS, 1, 2))
    one.do(unlink(KNOWS, 1, 2, one.dot))
    before = court.dump(layout.LNK)
    one.do(delete(PERSON, 2))
    one.do(restore(PERSON, 2))
    assert court.dump(layout.LNK) == before
