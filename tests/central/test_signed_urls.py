"""Pictures by signed addresses: only what a row names that the asking client may see, and only for a while."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.errors import AccessRefused, NotFound
from sync.central.central import Central
from sync.central.clients import Client, new_client
from sync.central.database import writing
from sync.central.intake.evidence import brought_whole
from sync.central.intake.ingest import ingest
from sync.central.onward.signed_urls import GOOD_FOR_S, pictures_of_row, require_signed, signed_url
from tests.central.serving import serving
from tests.sync.boxes import DAY, Box, assessed

Boxes = Callable[..., Box]
FACE, LABEL, COMING = b"a face", b"a label", b"on its way"
CUSTOMS = Client("customs", nominal=True)
STATISTICS = Client("statistics", nominal=False)
NAHA = Client("naha", nominal=True, ports=("Naha",))


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def ledger(central: Central, box: Boxes) -> str:
    """A row of bench-1 in Narita whose face and label have come, and a second face that has not."""
    one = box()
    kept = [{"sha256": sha(LABEL), "media_type": "image/png", "role": "symbol"}]
    faces = [{"sha256": sha(data), "media_type": "image/jpeg", "role": "face"} for data in (FACE, COMING)]
    seen = {"captures": [{"kept": kept}], "comparisons": [{"pictures": faces}]}
    one.ledger.append([assessed(1, body={"assessment": {"seen": seen}}), assessed(2, body={"assessment": [1]})])
    ingest(central.engine, central.id, one.batch(), DAY.isoformat())
    for data in (FACE, LABEL):
        brought_whole(central, "bench-1", sha(data), data, "image/png")
    return one.ledger.head().ledger


def offered(central: Central, client: Client, ledger: str) -> dict[str, bool]:
    found = pictures_of_row(central, client, "bench-1", ledger, 1)
    return {one.named.sha256: bool(one.url) for one in found.offered}


def test_a_client_gets_addresses_for_what_it_may_see_and_is_told_how_many_are_withheld(
    central: Central, ledger: str
) -> None:
    assert offered(central, CUSTOMS, ledger) == {sha(LABEL): True, sha(FACE): True, sha(COMING): False}
    assert offered(central, STATISTICS, ledger) == {sha(FACE): True, sha(COMING): False}
    assert pictures_of_row(central, STATISTICS, "bench-1", ledger, 1).withheld == 1
    assert pictures_of_row(central, CUSTOMS, "bench-1", ledger, 1).withheld == 0


def test_a_row_of_another_port_and_a_row_that_is_none_are_answered_alike(central: Central, ledger: str) -> None:
    for seq, client in ((1, NAHA), (7, CUSTOMS)):
        with pytest.raises(NotFound) as caught:
            pictures_of_row(central, client, "bench-1", ledger, seq)
        assert caught.value.message == (
            f"Expected a row that {client.name} may see, got row {seq} of '{ledger}' of 'bench-1'."
        )


def test_a_body_that_no_bench_writes_names_no_pictures(central: Central, ledger: str) -> None:
    assert pictures_of_row(central, CUSTOMS, "bench-1", ledger, 2).offered == ()


def test_a_picture_that_another_device_has_brought_is_none_of_this_row(central: Central, ledger: str) -> None:
    brought_whole(central, "bench-9", sha(COMING), COMING, "image/png")
    assert offered(central, CUSTOMS, ledger)[sha(COMING)] is False


def test_an_address_is_good_until_its_end_by_the_centrals_clock_and_not_a_second_longer(central: Central) -> None:
    until = int(DAY.timestamp()) + GOOD_FOR_S
    signature = signed_url(central, "customs", sha(FACE), until)[-64:]
    at_the_end = replace(central, now=lambda: DAY + timedelta(seconds=GOOD_FOR_S))
    require_signed(at_the_end, sha(FACE), "customs", until, signature)
    after = replace(central, now=lambda: DAY + timedelta(seconds=GOOD_FOR_S + 1))
    with pytest.raises(AccessRefused) as caught:
        require_signed(after, sha(FACE), "customs", until, signature)
    assert (caught.value.code, caught.value.message) == (
        "access_url_ended",
        "Expected an address that is still good, got one that ended 1 s ago.",
    )


@pytest.mark.parametrize("changed", ["sha256", "client", "until", "signature", "central"])
def test_an_address_that_is_changed_in_any_part_is_refused(central: Central, changed: str) -> None:
    until = int(DAY.timestamp()) + 60
    told: dict[str, Any] = {"sha256": sha(FACE), "client": "customs", "until": until}
    signature = signed_url(central, "customs", sha(FACE), until)[-64:]
    if changed == "signature":
        signature = ("0" if signature[0] != "0" else "1") + signature[1:]
    elif changed == "central":
        central = replace(central, private=Ed25519PrivateKey.generate())
    else:
        told[changed] = {"sha256": sha(LABEL), "client": "customs2", "until": until + 1}[changed]
    with pytest.raises(AccessRefused) as caught:
        require_signed(central, told["sha256"], told["client"], told["until"], signature)
    assert (caught.value.code, caught.value.message) == (
        "access_url",
        f"Expected an address of {told['sha256']} that this central has signed, got another.",
    )


def test_a_picture_is_fetched_without_a_token_by_its_address_alone(central: Central, ledger: str) -> None:
    with writing(central.engine) as connection:
        token = new_client(connection, "statistics & more", nominal=False)
    bearer = {"Authorization": f"Bearer {token}"}
    where = f"/v1/rows/bench-1/{ledger}/1/pictures"
    with serving(central) as url:
        assert urllib3.request("GET", url + where).json()["code"] == "access_token"
        told = urllib3.request("GET", url + where, headers=bearer).json()
        assert (told["withheld"], told["expires"]) == (1, int(DAY.timestamp()) + GOOD_FOR_S)
        answer = urllib3.request("GET", url + told["pictures"][0]["url"])
        assert (answer.status, answer.data) == (200, FACE)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert urllib3.request("GET", f"{url}/v1/objects/{sha(FACE)}", headers=bearer).status == 422
        page = urllib3.request("GET", f"{url}/v1/feed", headers=bearer).json()
    assert page["pictures"].format(device="bench-1", ledger=ledger, seq=1) == where
