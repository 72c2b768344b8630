"""Which addresses a device takes for a hub's."""

from __future__ import annotations

import pytest

from satchel.model.errors import Denied, Mistake
from satchel.shell.hub_address import check_hub_url
from satchel.shell.hub_link import HubLink


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://hub.example.com", "https://hub.example.com"),
        ("https://HUB.example.com:8740/", "https://hub.example.com:8740"),
        ("http://localhost:8740", "http://localhost:8740"),
        ("http://127.8.9.10", "http://127.8.9.10"),
        ("http://[::1]:8740/", "http://[::1]:8740"),
    ],
)
def test_a_hubs_address_is_https_or_loopback(url: str, origin: str) -> None:
    """What is secure by itself needs no word."""
    assert check_hub_url(url) == origin


@pytest.mark.parametrize(
    "url", ["http://hub.example.com", "http://10.0.0.1:8740", "http://localhost.example.com"]
)
def test_plain_http_to_another_machine_must_be_meant(url: str) -> None:
    """It is refused with a sentence, unless somebody says that it is meant."""
    with pytest.raises(Denied, match="in the clear") as caught:
        HubLink(url)
    assert caught.value.code == "INSECURE"
    assert HubLink(url, insecure=True).origin == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hub.example.com",
        "ftp://hub.example.com",
        "https://",
        "https://hub.example.com/path",
        "https://hub.example.com/?query",
        "https://user:word@hub.example.com",
        "https://hub example.com",
        "https://hub:notaport",
        "https://[::1",
    ],
)
def test_what_is_no_address_is_a_mistake(url: str) -> None:
    """The mistake is told with two examples of how it is written."""
    with pytest.raises(Mistake, match="no address of a hub") as caught:
        check_hub_url(url, insecure=True)
    assert caught.value.code == "BAD_SETTING"
