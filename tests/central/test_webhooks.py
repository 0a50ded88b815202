"""Port systems are told of every row that they may see, at least once and in order, and hold nobody up."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from edge.errors import Conflict, InputError, NotFound
from sync.central.central import Central
from sync.central.clients import new_client
from sync.central.database import reading, writing
from sync.central.intake.ingest import ingest
from sync.central.onward import feed, webhook_post, webhooks
from sync.central.onward.webhook_post import Answer, checked, post
from sync.central.onward.webhooks import BACKOFF, LEASE, PAGE, TRIES, again, letters_of, listed, run_once, subscribe
from sync.central.tables import alarms, clients
from sync.central.tables import webhooks as subscriptions
from tests.central.receiving import Receiver, receiving
from tests.sync.boxes import DAY, Box

Boxes = Callable[..., Box]


@dataclass
class Clock:
    now: datetime = DAY

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hooked(central: Central, clock: Clock) -> Central:
    """A central with three clients."""
    with writing(central.engine) as connection:
        new_client(connection, "customs", nominal=True)
        new_client(connection, "statistics", nominal=False)
        new_client(connection, "naha", nominal=True, ports=["Naha"])
    return replace(central, now=clock)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def hook(central: Central, url: str, client: str = "customs", name: str = "port", **told: str) -> str:
    words = {"kind": "", "outcome": ""} | told
    return subscribe(central, name, url, client, private=True, from_start=False, **words)


def bring(central: Central, box: Box, count: int, first: int = 1) -> None:
    box.write(count, first)
    ingest(central.engine, central.id, box.batch(first - 1), DAY.isoformat())


def run(central: Central) -> int:
    return run_once(central, post, lambda: 1.0)


def test_rows_that_came_after_the_subscription_are_sent_once_in_order_and_signed(
    hooked: Central, box: Boxes, receiver: Receiver
) -> None:
    one = box()
    bring(hooked, one, 2)
    secret = hook(hooked, receiver.url)
    assert run(hooked) == 0
    bring(hooked, one, 3, first=3)
    assert (run(hooked), run(hooked)) == (3, 0)
    assert receiver.rows() == [("bench-1", 3), ("bench-1", 4), ("bench-1", 5)]
    assert receiver.came[0][0]["webhook-id"] == "port-3"
    assert receiver.came[0][0]["host"] in receiver.url
    receiver.require_signed(secret)
    assert webhooks.secret_of(hooked, "port") == secret
    assert [(told["cursor"], told["behind"], told["dead"]) for told in listed(hooked)] == [(5, 0, 0)]


def test_more_rows_than_one_turn_sends_come_in_the_next(hooked: Central, box: Boxes, receiver: Receiver) -> None:
    hook(hooked, receiver.url)
    bring(hooked, box(), PAGE + 5)
    assert (run(hooked), run(hooked), run(hooked)) == (PAGE, 5, 0)
    assert len(set(receiver.rows())) == len(receiver.came) == PAGE + 5


def test_each_is_told_what_its_client_may_see_and_what_it_asked_for(
    hooked: Central, box: Boxes, receiver: Receiver
) -> None:
    for name, client, outcome in (("a", "customs", "CHECK"), ("b", "statistics", ""), ("c", "naha", "")):
        hook(hooked, f"{receiver.url}&to={name}", client, name, outcome=outcome)
    bring(hooked, box(), 3)
    bring(hooked, box("bench-2", port="Naha"), 1)
    assert run(hooked) == 2 + 4 + 1
    nominal = [event for event in receiver.events() if "personal" in event["data"]["row"]]
    assert len(nominal) == 3
    assert ("bench-2", 1) in receiver.rows()
    assert all(told["behind"] == 0 for told in listed(hooked))


def test_a_silent_receiver_is_tried_later_and_later_and_misses_nothing(
    hooked: Central, box: Boxes, receiver: Receiver, clock: Clock
) -> None:
    hook(hooked, receiver.url)
    bring(hooked, box(), 2)
    receiver.answers += [0, 503, 429]
    waits = []
    for _ in range(3):
        assert run(hooked) == 0
        assert run(hooked) == 0  # it is not its time yet
        waits.append(datetime.fromisoformat(listed(hooked)[0]["due"]) - clock.now)
        clock.now += waits[-1]
    assert waits == [timedelta(seconds=BACKOFF.first_retry_s * 2**number) for number in range(3)]
    assert run(hooked) == 2
    assert receiver.rows() == [("bench-1", 1)] * 4 + [("bench-1", 2)]
    assert (listed(hooked)[0]["failures"], listed(hooked)[0]["dead"]) == (0, 0)


def test_silence_never_makes_a_dead_letter_but_an_alarm(hooked: Central, box: Boxes, clock: Clock) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        hook(hooked, f"http://127.0.0.1:{closed.getsockname()[1]}/")
        bring(hooked, box(), 1)
        for _ in range(TRIES + 2):
            assert run(hooked) == 0
            clock.now += timedelta(hours=1)
    (told,) = listed(hooked)
    assert (told["failures"], told["behind"], told["dead"]) == (TRIES + 2, 1, 0)
    with reading(hooked.engine) as connection:
        (alarm,) = connection.execute(select(alarms)).all()
    assert (alarm.code, alarm.about) == ("webhook_silent", "port-1")
    assert alarm.detail.startswith(f"port has not taken row 1 in {TRIES} tries: NewConnectionError")


def test_a_row_that_is_refused_again_and_again_becomes_a_dead_letter_and_may_be_sent_again(
    hooked: Central, box: Boxes, receiver: Receiver, clock: Clock
) -> None:
    secret = hook(hooked, receiver.url)
    bring(hooked, box(), 3)
    receiver.answers += [204] + [422] * TRIES
    for _ in range(TRIES):
        run(hooked)
        clock.now += timedelta(hours=1)
    assert [seq for _, seq in receiver.rows()] == [1] + [2] * TRIES + [3]
    (letter,) = letters_of(hooked, "port")
    assert (letter["cursor"], letter["answer"], letter["tries"]) == (2, "status 422", TRIES)
    assert (listed(hooked)[0]["behind"], listed(hooked)[0]["dead"]) == (0, 1)
    receiver.answers += [500]
    assert again(hooked, "port", post) == (0, 1)
    assert again(hooked, "port", post) == (1, 0)
    assert letters_of(hooked, "port") == []
    assert receiver.came[-1][0]["webhook-id"] == "port-2"
    receiver.require_signed(secret)


def test_a_dead_letter_that_its_client_may_not_see_any_more_is_not_sent(
    hooked: Central, box: Boxes, receiver: Receiver, clock: Clock
) -> None:
    hook(hooked, receiver.url)
    bring(hooked, box(), 1)
    receiver.answers += [422] * TRIES
    for _ in range(TRIES):
        run(hooked)
        clock.now += timedelta(hours=1)
    with writing(hooked.engine) as connection:
        connection.execute(update(clients).where(clients.c.name == "customs").values(ports='["Naha"]'))
    came = len(receiver.came)
    assert again(hooked, "port", post) == (0, 1)
    assert len(receiver.came) == came


def test_a_redirect_is_not_followed(hooked: Central, box: Boxes, receiver: Receiver) -> None:
    hook(hooked, receiver.url)
    bring(hooked, box(), 1)
    receiver.answers += [307]
    assert run(hooked) == 0
    assert len(receiver.came) == 1


def test_a_worker_that_dies_leaves_its_rows_to_the_next_one_when_its_lease_ends(
    hooked: Central, box: Boxes, receiver: Receiver, clock: Clock
) -> None:
    hook(hooked, receiver.url)
    bring(hooked, box(), 2)

    def dies(url: str, body: bytes, headers: Mapping[str, str], *, private: bool) -> Answer:
        assert run(hooked) == 0  # another worker leaves it alone meanwhile
        post(url, body, headers, private=private)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_once(hooked, dies)
    assert run(hooked) == 0
    clock.now += LEASE
    assert run(hooked) == 2
    assert receiver.rows() == [("bench-1", 1), ("bench-1", 1), ("bench-1", 2)]  # at least once, under the same id
    assert receiver.came[0][0]["webhook-id"] == receiver.came[1][0]["webhook-id"]


def test_a_subscription_whose_client_was_revoked_stops(hooked: Central, box: Boxes, receiver: Receiver) -> None:
    hook(hooked, receiver.url)
    bring(hooked, box(), 1)
    with writing(hooked.engine) as connection:
        connection.execute(update(clients).values(revoked=DAY.isoformat()))
    assert run(hooked) == 0
    assert receiver.came == []
    assert str(listed(hooked)[0]["stopped"]).endswith(": the token of its client was revoked or has ended")
    with pytest.raises(Conflict) as caught:
        again(hooked, "port", post)
    assert (
        caught.value.message == "port: expected a client that may read, got one whose token was revoked or has ended."
    )


def test_a_receiver_that_hangs_holds_up_neither_ingest_nor_other_receivers(
    hooked: Central, box: Boxes, receiver: Receiver
) -> None:
    one = box()
    hook(hooked, "http://127.0.0.1:1/", name="hangs")
    hook(hooked, receiver.url)
    bring(hooked, one, 1)

    def hangs(url: str, body: bytes, headers: Mapping[str, str], *, private: bool) -> Answer:
        if ":1/" in url:
            bring(hooked, one, 1, first=2)  # a batch is taken while this one is waited for
            return Answer(0, "nothing came")
        return post(url, body, headers, private=private)

    run_once(hooked, hangs)
    feed.sequence(hooked.engine)
    assert receiver.rows() == [("bench-1", 1)]
    assert {told["name"]: told["behind"] for told in listed(hooked)} == {"hangs": 2, "port": 1}


def test_a_receiver_that_takes_its_time_is_not_waited_for_by_the_others(
    hooked: Central, box: Boxes, receiver: Receiver
) -> None:
    hook(hooked, "http://127.0.0.1:1/", name="slow")
    hook(hooked, receiver.url)
    bring(hooked, box(), 3)
    begun, go_on = threading.Event(), threading.Event()

    def slow(url: str, body: bytes, headers: Mapping[str, str], *, private: bool) -> Answer:
        if ":1/" in url:
            begun.set()
            assert go_on.wait(30)
            return Answer(204)
        return post(url, body, headers, private=private)

    with webhooks.Deliveries(hooked, slow) as deliveries:
        taken, until = 0, time.monotonic() + 30
        while taken < 3:
            assert time.monotonic() < until
            taken += deliveries.step()
            time.sleep(0.01)
        assert begun.wait(30)
        assert {told["name"]: told["behind"] for told in listed(hooked)} == {"slow": 3, "port": 0}
        go_on.set()
    assert {told["name"]: told["behind"] for told in listed(hooked)} == {"slow": 0, "port": 0}


def test_a_turn_at_one_receiver_ends_and_goes_on_from_its_row(
    hooked: Central, box: Boxes, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook(hooked, receiver.url)
    bring(hooked, box(), 3)
    monkeypatch.setattr(webhooks, "TURN_S", 0.0)
    assert [run(hooked), run(hooked), run(hooked), run(hooked)] == [1, 1, 1, 0]
    assert receiver.rows() == [("bench-1", 1), ("bench-1", 2), ("bench-1", 3)]


def test_an_answer_that_trickles_in_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_post, "_WHOLE_S", 0.3)
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def trickles() -> None:
            line, _ = listening.accept()
            with line, contextlib.suppress(OSError):
                line.sendall(b"HTTP/1.1 200 OK\r\n")
                while not ended.wait(0.02):
                    line.sendall(b"x")

        thread = threading.Thread(target=trickles, daemon=True)
        thread.start()
        answer = post(f"http://127.0.0.1:{listening.getsockname()[1]}/", b"{}", {}, private=True)
        ended.set()
        thread.join(20)
    assert str(answer) == "nothing whole within 0 s"
    assert not answer.refused


def test_a_subscription_is_removed_with_its_letters_and_names_are_unique(hooked: Central, receiver: Receiver) -> None:
    hook(hooked, receiver.url)
    with pytest.raises(Conflict, match=r"^port: expected a new name, got one that is taken\.$"):
        hook(hooked, receiver.url)
    with pytest.raises(NotFound, match=r"^Expected the name of a client with a token, got 'nobody'\.$"):
        hook(hooked, receiver.url, "nobody", "other")
    with pytest.raises(InputError, match=r"^Expected a name of 1 to 64 letters, digits, '\.', '_', '-', got 'a b'\.$"):
        hook(hooked, receiver.url, name="a b")
    webhooks.remove(hooked, "port")
    assert listed(hooked) == []
    with pytest.raises(NotFound, match=r"^Expected the name of a webhook, got 'port'\.$"):
        webhooks.remove(hooked, "port")
    with reading(hooked.engine) as connection:
        assert connection.execute(select(subscriptions)).all() == []


# --- where a webhook may go --------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://port.example/hook", "http://10.0.0.1/hook", "ftp://port.example/", "https://user:pw@port.example/",
        "https://port.example/#part", "https:///hook", "https://port.example:99999/", "https://[::1/",
        "port.example", "", "http://localhost.evil.example/",
    ],
)  # fmt: skip
def test_an_address_that_is_not_https_or_names_more_than_a_place_is_refused(url: str) -> None:
    with pytest.raises(InputError) as caught:
        checked(url, private=True)
    assert caught.value.message == (
        f"Expected an address as https://HOST/PATH without user, password and fragment, got {url!r}."
    )


def test_plain_http_is_taken_on_loopback_and_only_when_private_addresses_are_allowed() -> None:
    assert checked("http://127.0.0.1:8000/hook", private=True).port == 8000
    assert checked("https://port.example/hook", private=False).hostname == "port.example"
    with pytest.raises(InputError):
        checked("http://127.0.0.1:8000/hook", private=False)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "192.168.0.9", "169.254.169.254", "::1", "fe80::1", "fc00::1",
                "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "fec0::1", "100.64.0.1",
                "0.0.0.0", "224.0.0.1"],  # noqa: S104 - judged, not bound
)  # fmt: skip
def test_a_host_whose_address_is_not_public_is_not_connected_to(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443))
    hidden = (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [public, hidden])
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("it connected"))
    answer = post("https://port.example/hook", b"{}", {}, private=False)
    assert str(answer) == f"port.example: its address {address} is not public; a private one needs --private"
    assert not answer.taken
    assert not answer.refused


def test_https_to_a_receiver_without_a_trusted_certificate_sends_nothing(receiver: Receiver) -> None:
    port = receiver.url.rpartition(":")[2].partition("/")[0]
    answer = post(f"https://127.0.0.1:{port}/hook", b"{}", {}, private=True)
    assert answer.status == 0
    assert "SSL" in answer.detail
    assert receiver.came == []


def test_a_name_that_leads_to_loopback_does_not_make_plain_http_good(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 80))
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [elsewhere])
    assert str(webhook_post.post("http://localhost/", b"", {}, private=True)) == (
        "localhost is 10.0.0.1, which is not loopback"
    )
