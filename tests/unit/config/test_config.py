"""Where things lie and what may be set."""

from __future__ import annotations

import pytest

from satchel.config import (
    SETTINGS,
    Settings,
    check_socket_path,
    locate,
    parse_listen,
    parse_settings,
    read_settings,
)
from satchel.model.errors import Mistake


def refusal(text: str) -> Mistake:
    with pytest.raises(Mistake) as caught:
        parse_settings(text, "the file")
    assert caught.value.code == "BAD_SETTING"
    assert caught.value.remedy
    return caught.value


def test_a_home_holds_everything() -> None:
    """With a home, every path lies under it."""
    layout = locate({"XDG_DATA_HOME": "/elsewhere"}, "/u/ada", "/srv/office/")
    assert layout.settings == "/srv/office/settings.toml"
    assert layout.socket == "/srv/office/run/daemon.sock"
    assert layout.hub_socket == "/srv/office/run/hub.sock"
    assert layout.tcp == "/srv/office/run/daemon.tcp"
    assert layout.logs == "/srv/office/logs"
    assert layout.hub == "/srv/office/hub"
    assert layout.store(b"\x01" * 16, b"\x02" * 16) == (
        f"/srv/office/data/{'01' * 16}/{'02' * 16}/store"
    )


def test_the_argument_goes_before_the_variable() -> None:
    """``--home`` wins over SATCHEL_HOME, which wins over XDG."""
    environ = {"SATCHEL_HOME": "/from/variable", "XDG_RUNTIME_DIR": "/run/user/7"}
    assert locate(environ, "/u/ada", "/from/argument").home == "/from/argument"
    assert locate(environ, "/u/ada").socket == "/from/variable/run/daemon.sock"


def test_a_relative_home_is_refused() -> None:
    """Pure rules know no current folder."""
    with pytest.raises(Mistake) as caught:
        locate({}, "/u/ada", "office")
    assert caught.value.code == "BAD_SETTING"


def test_without_a_home_xdg_is_followed() -> None:
    """Each kind of file lies where the base directories say."""
    environ = {
        "XDG_CONFIG_HOME": "/x/config",
        "XDG_DATA_HOME": "/x/data",
        "XDG_STATE_HOME": "/x/state",
        "XDG_RUNTIME_DIR": "/x/run",
    }
    layout = locate(environ, "/u/ada")
    assert layout.home is None
    assert layout.settings == "/x/config/satchel/settings.toml"
    assert layout.data == "/x/data/satchel"
    assert layout.hub == "/x/data/satchel/hub"
    assert layout.logs == "/x/state/satchel/logs"
    assert layout.socket == "/x/run/satchel/daemon.sock"


def test_xdg_defaults_lie_in_the_users_own_folder() -> None:
    """Unset and relative variables are ignored; the socket then lies in a private state folder."""
    layout = locate({"XDG_DATA_HOME": "relative", "XDG_RUNTIME_DIR": "too"}, "/u/ada")
    assert layout.settings == "/u/ada/.config/satchel/settings.toml"
    assert layout.data == "/u/ada/.local/share/satchel"
    assert layout.socket == "/u/ada/.local/state/satchel/run/daemon.sock"


def test_a_long_socket_path_is_refused_with_its_length() -> None:
    """107 bytes are the system's bound, counted in bytes and not in characters."""
    check_socket_path("/" + "a" * 106)
    with pytest.raises(Mistake, match="takes 108 bytes; the system allows 107"):
        check_socket_path("/" + "a" * 107)
    with pytest.raises(Mistake):
        check_socket_path("/" + "é" * 54)


def test_no_file_means_defaults() -> None:
    """An empty file and none at all are the same."""
    settings = parse_settings("")
    assert settings == read_settings({})
    assert settings.daemon.log_level == "info"
    assert settings.daemon.tcp is False
    assert settings.hub.listen == "127.0.0.1:7443"


def test_what_is_set_is_read() -> None:
    """Both sections, each type."""
    settings = parse_settings(
        '[daemon]\ndevice = "Van 3"\ntcp = true\n'
        '[hub]\nlisten = "[::1]:0"\ncertificate = "a.pem"\nkey = "b.pem"\n'
    )
    assert isinstance(settings, Settings)
    assert settings.daemon.device == "Van 3"
    assert settings.daemon.tcp is True
    assert settings.hub.certificate == "a.pem"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[daemon", "not TOML"),
        ("[demon]\n", "'demon'"),
        ("daemon = 1\n", "'daemon'"),
        ("[daemon]\nlevel = 'info'\n", "'level'"),
        ("[daemon]\ntcp = 'yes'\n", "[daemon] tcp"),
        ("[daemon]\ndevice = 3\n", "[daemon] device"),
        ("[daemon]\nlog_level = 'loud'\n", "'loud'"),
        ("[hub]\nkey = 'b.pem'\n", "certificate and key"),
        ("[hub]\nlisten = 'localhost'\n", "'localhost'"),
        ("[hub]\nlisten = 'localhost:70000'\n", "'localhost:70000'"),
    ],
)
def test_a_bad_setting_is_named(text: str, named: str) -> None:
    """The message says which file and which setting; the remedy, what it takes."""
    refused = refusal(text)
    assert "the file" in refused.message
    assert named in refused.message


def test_an_address_is_host_and_port() -> None:
    """An IPv6 address stands in brackets."""
    assert parse_listen("127.0.0.1:80") == ("127.0.0.1", 80)
    assert parse_listen("[::1]:7443") == ("::1", 7443)


def test_every_setting_says_what_it_is_for() -> None:
    """Each setting is documented where it is defined, and its default passes its own check."""
    for setting in SETTINGS:
        assert setting.help.endswith(".")
        assert type(setting.default) is setting.type
