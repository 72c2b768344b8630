"""Where everything lies, and every setting.  Owns the rules; reads no file and no environment.

Two layouts.  With a *home* (``--home DIR`` or ``SATCHEL_HOME``) one daemon or hub has
everything under one folder, so that several run side by side:

    <home>/settings.toml
    <home>/data/<org>/<user>/store     <home>/hub/         the records
    <home>/run/daemon.sock             <home>/run/hub.sock
    <home>/logs/

Without one the XDG base directories are followed (a relative path in one of their
variables is ignored, as that specification asks):

    $XDG_CONFIG_HOME/satchel/settings.toml
    $XDG_DATA_HOME/satchel/<org>/<user>/store       $XDG_DATA_HOME/satchel/hub/
    $XDG_RUNTIME_DIR/satchel/daemon.sock            else $XDG_STATE_HOME/satchel/run/daemon.sock
    $XDG_STATE_HOME/satchel/logs/

Files are read in ``shell`` and ``client.discover``, which hand the text to :func:`parse_settings`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from satchel.model.errors import Mistake

HOME_VARIABLE: Final = "SATCHEL_HOME"
SOCKET_PATH_BYTES_MAX: Final = 107
"""``sun_path`` of Linux holds 108 bytes, the last of them a NUL."""


class Layout:
    """The folders of one daemon or hub, as absolute paths in text.  Nothing is created here."""

    __slots__ = ("data", "home", "hub", "logs", "run", "settings")

    def __init__(
        self, *, home: str | None, settings: str, data: str, run: str, logs: str, hub: str
    ) -> None:
        self.home = home
        """The one folder it all lies under; None in the XDG layout."""
        self.settings = settings
        """The settings file; it need not exist."""
        self.data = data
        """The devices' stores, one per organisation and user."""
        self.run = run
        """Sockets and what belongs to a running process.  Private: mode 0700."""
        self.logs = logs
        self.hub = hub
        """The store and keys of a hub run from this layout."""

    @property
    def socket(self) -> str:
        """The daemon's Unix socket."""
        return f"{self.run}/daemon.sock"

    @property
    def tcp(self) -> str:
        """The file (0600) with address and token of the loopback port, where that is served.

        One line: host, port and token, separated by spaces.
        """
        return f"{self.run}/daemon.tcp"

    @property
    def hub_socket(self) -> str:
        """The Unix socket on which a running hub takes orders from its administrator."""
        return f"{self.run}/hub.sock"

    def store(self, org: bytes, user: bytes) -> str:
        """The folder of one store.  ``org``, ``user``: 16 bytes each.

        Ids, not names, so that no name a hub gives can lead to another folder.
        """
        return f"{self.data}/{org.hex()}/{user.hex()}/store"


def locate(environ: Mapping[str, str], user_home: str, home: str | None = None) -> Layout:
    """The layout for this environment.

    ``home`` (what ``--home`` said) goes before ``SATCHEL_HOME``, which goes before XDG.
    ``user_home``: the user's own folder, for the defaults of XDG.  Raises :class:`Mistake`
    BAD_SETTING where the home is not an absolute path: only a shell knows the current folder.
    """
    chosen = home or environ.get(HOME_VARIABLE)
    if chosen:
        return _under_one_home(chosen)

    def base(variable: str, default: str) -> str:
        value = environ.get(variable, "")
        return f"{value if value.startswith('/') else f'{user_home}/{default}'}/satchel"

    data = base("XDG_DATA_HOME", ".local/share")
    state = base("XDG_STATE_HOME", ".local/state")
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    return Layout(
        home=None,
        settings=f"{base('XDG_CONFIG_HOME', '.config')}/settings.toml",
        data=data,
        run=f"{runtime}/satchel" if runtime.startswith("/") else f"{state}/run",
        logs=f"{state}/logs",
        hub=f"{data}/hub",
    )


def _under_one_home(home: str) -> Layout:
    if not home.startswith("/"):
        raise Mistake(
            "BAD_SETTING",
            f"The home {home!r} is not an absolute path.",
            f"Give --home or {HOME_VARIABLE} a path that begins with '/'.",
        )
    root = home.rstrip("/")
    return Layout(
        home=home,
        settings=f"{root}/settings.toml",
        data=f"{root}/data",
        run=f"{root}/run",
        logs=f"{root}/logs",
        hub=f"{root}/hub",
    )


def check_socket_path(path: str) -> None:
    """Raise :class:`Mistake` BAD_SETTING where the path is too long for a Unix socket."""
    length = len(path.encode())
    if length > SOCKET_PATH_BYTES_MAX:
        raise Mistake(
            "BAD_SETTING",
            f"The socket path {path} takes {length} bytes; the system allows "
            f"{SOCKET_PATH_BYTES_MAX}.",
            "Choose a shorter --home, or a shorter XDG_RUNTIME_DIR.",
        )


class Setting(NamedTuple):
    """One line of ``settings.toml``: where it stands, what it takes and what it is for."""

    section: str
    name: str
    type: type[str] | type[bool]
    default: str | bool
    help: str
    choices: tuple[str, ...] = ()


LOG_LEVELS: Final = ("debug", "info", "warning", "error")

SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        "daemon",
        "device",
        str,
        "",
        "What this device is called when it joins a hub; empty: the machine's name.",
    ),
    Setting("daemon", "log_level", str, "info", "How much the daemon logs.", LOG_LEVELS),
    Setting(
        "daemon",
        "tcp",
        bool,
        False,
        "Serve apps on a loopback TCP port with a token file instead of the Unix socket.",
    ),
    Setting(
        "daemon",
        "ca",
        str,
        "",
        "A PEM file of the authority that signed the hub's certificate; empty: the system's.",
    ),
    Setting(
        "hub",
        "listen",
        str,
        "127.0.0.1:7443",
        "Address and port on which the hub serves devices; port 0: any free one.",
    ),
    Setting("hub", "certificate", str, "", "A PEM file with the hub's TLS certificate chain."),
    Setting("hub", "key", str, "", "A PEM file with the private key of that certificate."),
    Setting("hub", "log_level", str, "info", "How much the hub logs.", LOG_LEVELS),
)
"""Every setting there is.  ``settings.toml`` has a section [daemon] and a section [hub]."""


class DaemonSettings(NamedTuple):
    """Section [daemon]; what each is for stands in :data:`SETTINGS`."""

    device: str
    log_level: str
    tcp: bool
    ca: str


class HubSettings(NamedTuple):
    """Section [hub]; what each is for stands in :data:`SETTINGS`."""

    listen: str
    certificate: str
    key: str
    log_level: str


class Settings(NamedTuple):
    """Everything ``settings.toml`` says, with defaults for what it leaves out."""

    daemon: DaemonSettings
    hub: HubSettings


def parse_settings(text: str, where: str = "settings.toml") -> Settings:
    """Read the text of a settings file.  ``where``: its path, for messages.

    Raises :class:`Mistake` BAD_SETTING for text that is no TOML and whatever
    :func:`read_settings` raises.
    """
    import tomllib  # as heavy as ten modules, and most installations have no settings file

    try:
        return read_settings(tomllib.loads(text), where)
    except tomllib.TOMLDecodeError as broken:
        raise _bad(
            where,
            f"this is not TOML: {broken}",
            "Correct that place: it is TOML, with the sections [daemon] and [hub].",
        ) from None


def read_settings(plain: Mapping[str, Any], where: str = "settings.toml") -> Settings:
    """Check a settings mapping and fill in defaults.

    Raises :class:`Mistake` BAD_SETTING, naming the setting, for an unknown section or
    name, a wrong type, a value that is no choice, a bad listen address, or a certificate
    without its key.
    """
    values: dict[str, dict[str, Any]] = {"daemon": {}, "hub": {}}
    for setting in SETTINGS:
        values[setting.section][setting.name] = setting.default
    known = {(setting.section, setting.name): setting for setting in SETTINGS}
    for section, given in plain.items():
        if section not in values or not isinstance(given, Mapping):
            raise _bad(where, f"{section!r} is no section", "The sections are [daemon] and [hub].")
        for name, value in given.items():
            setting_or_none = known.get((section, name))
            if setting_or_none is None:
                names = ", ".join(values[section])
                raise _bad(where, f"[{section}] has no {name!r}", f"[{section}] knows: {names}.")
            values[section][name] = _checked(setting_or_none, value, where)
    settings = Settings(DaemonSettings(**values["daemon"]), HubSettings(**values["hub"]))
    if bool(settings.hub.certificate) != bool(settings.hub.key):
        raise _bad(where, "[hub] has only one of certificate and key", "Give both or neither.")
    parse_listen(settings.hub.listen, where)
    return settings


def parse_listen(listen: str, where: str = "--listen") -> tuple[str, int]:
    """``host:port`` as its two parts; an IPv6 address stands in brackets.

    Raises :class:`Mistake` BAD_SETTING.
    """
    host, _, port = listen.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise _bad(where, f"{listen!r} is no address", "Write host:port, as 127.0.0.1:7443.")
    return host, int(port)


def _checked(setting: Setting, value: object, where: str) -> object:
    place = f"[{setting.section}] {setting.name}"
    if type(value) is not setting.type:
        wanted = "true or false" if setting.type is bool else "a text in quotes"
        raise _bad(where, f"{place} is {value!r}", f"It takes {wanted}.")
    if setting.choices and value not in setting.choices:
        raise _bad(where, f"{place} is {value!r}", f"It is one of {', '.join(setting.choices)}.")
    return value


def _bad(where: str, what: str, remedy: str) -> Mistake:
    return Mistake("BAD_SETTING", f"In {where}: {what}.", remedy)
