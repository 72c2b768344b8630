"""Importing a folder of files through a map: every line judged like anybody else's work.

Owns the order of passes, the batches and the counting.  Each row is a changeset of origin
0 (sync.md 2.1), so nothing enters past the rules; those of up to :data:`HUB_BATCH_MAX` lines
share one transaction.  Files are read by the caller's :class:`Folder`, time and chance are handed
in.  Between two batches the caller may serve devices.

1. All names of the map and all headers are checked before anything is written.
2. Sections are loaded in order; a lookup whose section has not been loaded waits.
3. Waiting lookups are set, then links: by now every row is there that ever will be.

The same folder imported again writes nothing: ids follow from natural keys, and a row is
compared before it is written.  What somebody has changed since stays as it is, unless the
map says ``edited = "overwrite"``; a row that somebody deleted stays deleted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple, Protocol

from satchel.hub.author import write_changes
from satchel.hub.desk import Desk
from satchel.hub.import_report import Report, Tally
from satchel.hub.import_steps import Candidate, Decision, Step, Terms
from satchel.hub.map_binding import bind_map
from satchel.hub.map_sources import BadValue, Record
from satchel.hub.map_table import bad_map
from satchel.hub.mapping import FileForm, Map, Section
from satchel.hub.office import Office, State, read_origin
from satchel.model.limits import HUB_BATCH_MAX
from satchel.model.outcome import ACCEPTED
from satchel.store.txn import ReadTxn
from satchel.wire.entry import SALT_BYTES


class Line(NamedTuple):
    """One record of a file: the number of its first line, its texts by column, or what is
    wrong with it (``texts`` is empty then)."""

    number: int
    texts: Mapping[str, str]
    problem: str | None = None


class Folder(Protocol):
    """The files of an import."""

    def header(self, form: FileForm) -> list[str]:
        """The names of a file's columns.  Raises Mistake BAD_MAP if it cannot be read."""

    def line_count(self, form: FileForm) -> int:
        """About how many lines it has."""

    def lines(self, form: FileForm) -> Iterator[Line]:
        """Its records, without the header."""


class Outside(NamedTuple):
    """Time and chance."""

    now_ms: Callable[[], int]
    random: Callable[[int], bytes]


def run_import(desk: Desk, read_map: Map, folder: Folder, outside: Outside) -> Iterator[Report]:
    """Import, yielding the report after each batch; the last one is ``finished``.

    Everything before a yield is durable.  Bad lines are in the report and stop nothing.
    Raises Mistake BAD_MAP before anything is written, Unavailable if the disk refuses.
    """
    terms = desk.store.read(lambda txn: _terms(txn, desk.office, read_map))
    steps = bind_map(read_map, terms.catalog, desk.org)
    sections = read_map.sections
    for section in sections:
        _check_header(folder.header(section.file), section)
    tallies = {section.place: Tally(section.name, section.file.path) for section in sections}
    bad_lines: dict[str, set[int]] = {section.place: set() for section in sections}
    sizes = [folder.line_count(step.section.file) for step in steps]
    report = Report(list(tallies.values()), sum(sizes))
    run = _Run(desk, terms, outside, report)
    for position, step in enumerate(steps):
        place, file = step.section.place, step.section.file
        step_pass = _Pass(run, step, tallies[place], bad_lines[place])
        for _ in step_pass.batches(folder.lines(file), sum(sizes[:position])):
            yield report
    report.done, report.finished = report.total, True
    yield report


def _terms(txn: ReadTxn, office: Office, read_map: Map) -> Terms:
    origin = read_origin(txn, office.setup.replica)
    assert origin is not None, "the hub's own origin is made by init"
    catalog, _ = office.schema(txn, State.read(txn).schema)
    owner = (catalog.number_of("systemuser"), origin.user)
    return Terms(catalog, owner, origin.processed + 1, read_map.keep_edited)


def _check_header(header: list[str], section: Section) -> None:
    path = section.file.path
    for name in sorted(section.uses):
        if name not in header:
            raise bad_map(section.place, f"uses {name!r}, which is no column of {path}")
        if header.count(name) > 1:
            raise bad_map(section.place, f"uses {name!r}, the name of two columns of {path}")


class _Run(NamedTuple):
    """What all passes share."""

    desk: Desk
    terms: Terms
    outside: Outside
    report: Report


class _Pass:
    """One step over its file."""

    def __init__(self, run: _Run, step: Step, tally: Tally, bad_lines: set[int]) -> None:
        self._run = run
        self._step = step
        self._tally = tally
        self._bad_lines = bad_lines
        self._clean = _cleaner(step.section.file)
        self._met: set[bytes] = set()
        """Ids met in this pass: about 100 bytes for each line, given back at its end."""

    def batches(self, lines: Iterable[Line], done: int) -> Iterator[None]:
        """Carry the step out; ``done``: lines that were behind us before it."""
        for finder in self._step.finders:
            self._run.desk.store.read(finder.load)
        read = iter(lines)
        while batch := list(islice(read, HUB_BATCH_MAX)):
            candidates = [self._candidate(line) for line in batch]
            self._write([one for one in candidates if one is not None])
            self._run.report.done = done + batch[-1].number
            yield

    def _candidate(self, line: Line) -> Candidate | None:
        """What the line asks for; None if nothing, or nothing that can be done.

        A line is bad in the first pass or, for what only the rows can tell, when decided.
        """
        first = self._step.first
        if line.number in self._bad_lines:
            return None
        self._tally.read += first
        try:
            if line.problem is not None:
                raise BadValue(line.problem)
            record = self._clean(line.texts)
            if not self._step.section.filter.takes(record):
                self._tally.skipped += first
                return None
            candidate = self._step.prepare(line.number, record)
            if candidate.rec in self._met:
                raise BadValue(f"an earlier line has the same key, {candidate.words}")
        except BadValue as bad:
            self._spoil(line.number, str(bad), None)
            return None
        self._met.add(candidate.rec)
        return candidate

    def _write(self, batch: list[Candidate]) -> None:
        """Decide the batch on one snapshot and write what it comes to in one transaction.

        Nobody else writes in between: this is the store's one thread, and it does not yield.
        """
        run, step = self._run, self._step
        decisions = run.desk.store.read(
            lambda txn: [step.decide(txn, run.terms, one) for one in batch]
        )
        refused = self._judge([decision for decision in decisions if decision.ops])
        for decision in decisions:
            before = None if step.first else decision.written
            problem = decision.problem or refused.get(decision.line)
            self._tally.kept += decision.kept
            if problem is not None:
                self._spoil(decision.line, problem, before)
            else:
                self._tally.settle(bool(decision.ops), before)

    def _judge(self, writing: list[Decision]) -> dict[int, str]:
        """Have the changes judged and written; the reasons of those refused, by line."""
        if not writing:
            return {}
        run, changes = self._run, [decision.ops for decision in writing]
        now_ms, salts = run.outside.now_ms(), run.outside.random(SALT_BYTES * len(changes))
        outcomes = run.desk.write(
            lambda txn: write_changes(txn, run.desk.office, changes, now_ms, salts)
        )
        return {
            decision.line: str((outcome.detail or {}).get("message", outcome.code.name))
            for decision, outcome in zip(writing, outcomes, strict=True)
            if outcome.code not in ACCEPTED
        }

    def _spoil(self, line: int, reason: str, before: bool | None) -> None:
        self._tally.spoil(before)
        self._bad_lines.add(line)
        self._run.report.list_bad(self._tally, line, reason)


def _cleaner(form: FileForm) -> Callable[[Mapping[str, str]], Record]:
    """From the texts of a line to its record: spaces, what stands for nothing, escapes."""
    escapes = form.escapes
    longest_first = sorted(escapes, key=len, reverse=True)
    escape = re.compile("|".join(re.escape(one) for one in longest_first)) if escapes else None

    def clean(text: str) -> str | None:
        if form.trim:
            text = text.strip()
        if text in form.null:
            return None
        return escape.sub(lambda found: escapes[found.group()], text) if escape else text

    return lambda texts: {name: clean(text) for name, text in texts.items()}
