"""The supervisor's page over HTTP: who may read it, what it lists, what runs for what is held."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.edge.web.people_box import PeopleBox, accounts, people_box
from tests.edge.web.serving import problem

API = "/api/v1"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeopleBox]:
    folder = tmp_path_factory.mktemp("supervised")
    badges = accounts(folder)
    with people_box(folder, badges, country="JP", time_zone="Asia/Tokyo", place="Naha") as opened:
        yield opened


@pytest.fixture
def supervisor(box: PeopleBox) -> Iterator[httpx.Client]:
    with signed(box, "90") as page:
        yield page


@contextmanager
def signed(box: PeopleBox, person: str, *, own: bool = True) -> Iterator[httpx.Client]:
    with box.server.client() as page:
        page.post(f"{API}/session", json={"badge": box.badges[person], "station": "1", "own": own}).raise_for_status()
        yield page


def referred(box: PeopleBox, serial: str, decision: str = "refer") -> str:
    with signed(box, "4711", own=False) as officer:
        inspection = str(box.scan(serial)["inspection"])
        done = officer.put(f"{API}/inspections/{inspection}/disposition", json={"decision": decision, "reason": "worn"})
        done.raise_for_status()
        officer.post(f"{API}/stations/1/next")
        officer.delete(f"{API}/session")
    return inspection


def test_only_a_supervisor_reads_the_page_and_others_are_told(box: PeopleBox) -> None:
    inspection = referred(box, "SECRET1")
    with box.server.client() as nobody, signed(box, "4711") as officer, signed(box, "90") as head:
        for page, words in (
            (nobody, "Nobody is signed in"),
            (officer, "Your role may not do this"),
        ):
            shown = page.get("/supervisor", params={"lang": "en"}).text
            assert words in shown
            assert inspection not in shown
        assert inspection in head.get("/supervisor", params={"lang": "en"}).text


def test_a_choice_of_the_form_lists_what_fits_it(box: PeopleBox, supervisor: httpx.Client) -> None:
    inspection = referred(box, "CHOSEN1", "release")

    def listed(**choice: str) -> bool:
        shown = supervisor.get("/supervisor", params={"lang": "en", "hour": "", "day": "", **choice}).text
        return f"/inspections/{inspection}" in shown.partition('id="inspections"')[2]

    assert listed()
    assert listed(decision="release", officer="4711", station="1")
    assert not listed(decision="detain")
    assert not listed(station="2")
    assert not listed(day="2026-01-05")


def test_what_is_held_stands_with_its_terms_and_the_day_is_the_zones(box: PeopleBox, supervisor: httpx.Client) -> None:
    inspection = referred(box, "HELD1")
    held = (
        supervisor.get("/supervisor", params={"lang": "en"}).text.partition('id="held"')[2].partition("</section>")[0]
    )
    assert f"/inspections/{inspection}" in held
    assert "Evidence: 10 working days" in held
    assert "1 working day<" not in held  # that term is the Union's


def test_what_is_no_choice_is_refused(supervisor: httpx.Client) -> None:
    for wrong in ({"hour": "24"}, {"verdict": "GENUINE"}, {"day": "yesterday"}, {"skip": "-1"}):
        assert problem(supervisor.get("/supervisor", params=wrong))[0] == 422
    assert problem(supervisor.get("/supervisor", params={"here": "nowhere"})) == (422, "request_unknown_station")


def test_without_accounts_whoever_is_at_the_box_reads_it_and_is_told_so(client: httpx.Client) -> None:
    shown = client.get("/supervisor", params={"lang": "en"})
    assert shown.status_code == 200
    assert "This box has no accounts" in shown.text
    assert "No country is set" in shown.text or "Nothing yet." in shown.text


def test_the_bench_leads_to_the_page(client: httpx.Client) -> None:
    assert 'href="/supervisor?here=1&amp;lang=en"' in client.get("/", params={"lang": "en"}).text


def test_a_draft_is_made_by_a_supervisor_alone_and_leaves_its_row(box: PeopleBox) -> None:
    inspection = referred(box, "DRAFT1")
    asked = {"form": "c5804"}
    with signed(box, "4711") as officer, signed(box, "90") as head:
        refused = officer.post(f"{API}/inspections/{inspection}/drafts", json=asked)
        assert problem(refused) == (403, "access_role")
        assert box.bodies("drafted") == []
        told = head.post(f"{API}/inspections/{inspection}/drafts", json=asked).json()
        assert (told["status"], told["title"]) == ("draft: not sent", "C-5804")
        assert {field["name"]: field["value"] for field in told["fields"]}["finder"] == "4711"
        paper = head.post(f"/inspections/{inspection}/drafts", data={"form": "eu608", "kind": "pdf"})
        assert paper.headers["content-type"] == "application/pdf"
        assert f"draft-not-sent-eu608-{inspection}.pdf" in paper.headers["content-disposition"]
        wrong = head.post(f"/inspections/{inspection}/drafts", data={"form": "c9999"})
        assert problem(wrong) == (404, "form_not_found")
    assert [(row["form"], row["officer"]) for row in box.bodies("drafted")] == [("c5804", "90"), ("eu608", "90")]
