"""Which address may be a hub's: the one rule about plain HTTP, for joining and for every call."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from satchel.model.errors import Denied, Mistake


def check_hub_url(url: str, insecure: bool = False) -> str:
    """The hub's origin, ``scheme://host[:port]``.

    Raises :class:`Mistake` BAD_SETTING for what is no such address, :class:`Denied`
    INSECURE for plain HTTP to another machine unless ``insecure`` says it is meant.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _bad_url(url) from None
    bare = parts.path in ("", "/") and not (parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme not in ("http", "https") or not host or not bare or " " in url:
        raise _bad_url(url)
    if parts.scheme == "http" and not insecure and not _is_loopback(host):
        raise Denied(
            "INSECURE",
            f"Plain HTTP to {host} would send the office's records in the clear.",
            "Use the hub's https address, or say --insecure if you mean it.",
        )
    bracketed = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{bracketed}" + ("" if port is None else f":{port}")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bad_url(url: str) -> Mistake:
    return Mistake(
        "BAD_SETTING",
        f"{url!r} is no address of a hub.",
        "Write it as https://hub.example.com or http://127.0.0.1:8740.",
    )
