"""The command line of ``satcheld``, in this process: words in, lines and exit codes out."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from satchel import __main__ as satcheld
from satchel.config import locate
from satchel.model.errors import Clash, Fault
from satchel.shell import hub_home, hub_run


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder with a short path, gone after the test."""
    path = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    yield path
    shutil.rmtree(path)


class Shell:
    """Runs commands with one home."""

    def __init__(
        self, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self._home = home
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def run(self, *words: str, stdin: str = "") -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        self._monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = satcheld.main([*words, "--home", str(self._home)])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def call(self, order: str, **arguments: Any) -> Any:
        """The result of an order to the resting hub."""
        code, out, err = self.run("hub", "call", order, stdin=json.dumps(arguments))
        assert code == 0, err
        return json.loads(out)


@pytest.fixture
def shell(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The command line over an empty home."""
    return Shell(home, capsys, monkeypatch)


def test_an_organisation_is_founded_and_administered_without_a_running_hub(shell: Shell) -> None:
    """Orders open the stores for a moment; what one wrote the next reads."""
    code, out, _ = shell.run("hub", "init", "--org", "Adventure Works")
    assert code == 0
    assert "Adventure Works" in out
    shell.call("hub.user.add", name="Fay Field")
    invite = shell.call("hub.invite", user="Fay Field")
    assert (invite["org"], len(invite["invite"])) == ("Adventure Works", 29)
    status = shell.call("hub.status")
    assert status["hub"]["listen"] == []
    assert [(org["org"], org["users"]) for org in status["orgs"]] == [("Adventure Works", 2)]


def test_an_import_runs_on_a_resting_hub(shell: Shell, home: Path) -> None:
    """Its report is the answer."""
    shell.run("hub", "init", "--org", "Contoso")
    (home / "map.toml").write_text(
        'format = 1\n[rows.firms]\nfile = "firms.csv"\ntable = "account"\nkey = ["id"]\n'
        '[rows.firms.columns]\nname = "name"\n'
    )
    (home / "firms.csv").write_text("id,name\n1,Adventure Works\n2,Fabrikam\n")
    report = shell.call("hub.import", map=str(home / "map.toml"), dir=str(home))
    assert (report["written"], report["bad_total"]) == (2, 0)
    rows = shell.call("hub.rows", table="account")["rows"]
    assert {row["columns"]["name"] for row in rows} == {"Adventure Works", "Fabrikam"}


@pytest.mark.parametrize("stdin", ["[]", "{", '"x"'])
def test_arguments_that_are_no_object_are_refused(shell: Shell, stdin: str) -> None:
    """With the error as JSON, for the program that asked."""
    code, _, err = shell.run("hub", "call", "hub.user.list", stdin=stdin)
    assert code == 2
    assert json.loads(err)["error"]["code"] == "BAD_REQUEST"


def test_a_name_is_taken_by_its_folder(shell: Shell) -> None:
    """Two names that make one folder are one too many."""
    assert shell.run("hub", "init", "--org", "Fourth Coffee")[0] == 0
    code, _, err = shell.run("hub", "init", "--org", "fourth-coffee")
    assert code == 5
    assert err.startswith("satcheld: ")
    assert len(err.splitlines()) == 2


def test_a_name_without_a_latin_letter_has_a_folder_too(shell: Shell) -> None:
    """And no name leads out of the hub's own folder."""
    for name in ("株式会社", "../../etc"):
        assert shell.run("hub", "init", "--org", name)[0] == 0
    assert [org["org"] for org in shell.call("hub.status")["orgs"]].count("../../etc") == 1


def test_a_founding_that_was_cut_short_is_no_organisation_and_can_be_done_again(
    shell: Shell, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty store is passed over by a hub and taken by the next init."""

    def cut(*_: object) -> None:
        raise InterruptedError

    with monkeypatch.context() as broken:
        broken.setattr(hub_home, "found", cut)
        with pytest.raises(InterruptedError):
            shell.run("hub", "init", "--org", "Contoso")
    layout = locate({}, str(home), str(home))
    assert hub_home.open_desks(layout) == []
    assert shell.run("hub", "init", "--org", "Contoso")[0] == 0
    assert [org["org"] for org in shell.call("hub.status")["orgs"]] == ["Contoso"]


def test_a_home_in_use_is_left_alone(shell: Shell, home: Path) -> None:
    """Whoever has the hub's lock has the hub."""
    layout = locate({}, str(home), str(home))
    with hub_home.hub_lock(layout):
        code, _, err = shell.run("hub", "call", "hub.user.list")
    assert code == Clash.exit
    assert json.loads(err)["error"]["code"] == "ALREADY_RUNNING"


def test_an_error_inside_a_group_is_told_like_any_other(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tasks wrap what they raise; a person is not shown the wrapping."""

    def fail(*_: object) -> None:
        inner = ExceptionGroup("tasks", [Fault("INTERNAL", "It broke.", "Report it.")])
        raise ExceptionGroup("tasks", [inner])

    monkeypatch.setattr(hub_run, "run", fail)
    code, _, err = shell.run("hub", "run")
    assert (code, err) == (70, "satcheld: It broke.\n  Report it.\n")


def test_a_bug_is_not_made_a_sentence(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """An assertion failure, alone or among others, ends with its traceback."""

    def fail(*_: object) -> None:
        raise ExceptionGroup("tasks", [AssertionError(), Fault("INTERNAL", "It broke.")])

    monkeypatch.setattr(hub_run, "run", fail)
    with pytest.raises(ExceptionGroup):
        shell.run("hub", "run")


def test_ctrl_c_is_no_error(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends with the code that shells expect."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(hub_run, "run", interrupted)
    assert shell.run("hub", "run")[0] == 130


def test_an_order_without_an_organisation_says_how_to_make_one(shell: Shell) -> None:
    """Before the first init there is nothing to administer."""
    code, _, err = shell.run("hub", "call", "hub.user.list")
    assert code == 4
    assert "hub init" in json.loads(err)["error"]["remedy"]
