"""Webhooks: port systems are told of new rows, each at least once and in order, outside the path of any release.

A subscription is a cursor into the feed and the token of a client, whose limits hold. Rows wait in the feed while a
receiver is silent or busy: its cursor stands, tries come later and later. A row that it still refuses at the try with
number `TRIES` becomes a dead letter, which names the row and holds nothing of it, and the subscription goes on. Any
number of workers may run: `due` is moved ahead by whoever works at a subscription.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, Protocol, Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, delete, func, insert, select, text, update

from edge.errors import Conflict, InputError, NotFound
from sync.backoff import Schedule
from sync.central.alarms import raise_alarm
from sync.central.central import Central
from sync.central.clients import Client, client_by, digest_of
from sync.central.database import reading, writing
from sync.central.onward import feed
from sync.central.onward.cloud_events import MEDIA_TYPE, event_of, secret_text, signed_headers, written
from sync.central.onward.webhook_post import Answer, checked
from sync.central.tables import webhook_letters, webhooks
from sync.protocol import DEVICE

TRIES = 8  # answers that refuse a row, until it is a dead letter
PAGE = 100  # rows that one worker sends before others may take over
LEASE = timedelta(seconds=60)
TURN_S = 5.0  # of a worker at one subscription
BACKOFF = Schedule(first_retry_s=5.0, longest_retry_s=3_600.0)
_AT_ONCE = 8  # subscriptions
_KEY_BYTES = 32

_LETTER = text(
    "INSERT INTO webhook_letters (name, cursor, answer, tries, noted) VALUES (:name, :cursor, :answer, :tries, :noted)"
    " ON CONFLICT (name, cursor) DO UPDATE SET answer=excluded.answer, tries=excluded.tries, noted=excluded.noted"
)


class Post(Protocol):
    """How an event is sent: `sync.central.onward.webhook_post.post`."""

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str], *, private: bool) -> Answer:
        """Send it once."""


# --- subscriptions --------------------------------------------------


def subscribe(
    central: Central, name: str, url: str, client: str, *, private: bool, kind: str, outcome: str, from_start: bool
) -> str:
    """Add a subscription under the limits of `client`, and answer its secret, which is shown again by `secret_of`.

    Raises:
        InputError: request_webhook. NotFound: client_not_found. Conflict: client_conflict, webhook_conflict.
    """
    checked(url, private=private)
    if not DEVICE.fullmatch(name):
        message = f"Expected a name of 1 to 64 letters, digits, '.', '_', '-', got {name[:80]!r}."
        raise InputError("request_webhook", message)
    feed.sequence(central.engine)
    now = central.stamp()
    with writing(central.engine) as connection:
        if connection.execute(select(webhooks.c.name).where(webhooks.c.name == name)).one_or_none():
            raise Conflict("webhook_conflict", f"{name}: expected a new name, got one that is taken.")
        last = connection.execute(text("SELECT last FROM feed_head WHERE one=1")).scalar_one()
        told = {"name": name, "url": url, "token": digest_of(connection, client, now), "private": private, "kind": kind}
        told |= {"outcome": outcome, "cursor": 0 if from_start else last, "failures": 0, "due": now, "created": now}
        connection.execute(insert(webhooks).values(**told))
    return secret_text(_key(central, name, now))


def secret_of(central: Central, name: str) -> str:
    """The secret of a subscription, for its receiver: nothing secret lies in the database.

    Raises:
        NotFound: webhook_not_found.
    """
    with reading(central.engine) as connection:
        return secret_text(_key(central, name, _standing(connection, name).created))


def listed(central: Central) -> list[dict[str, Any]]:
    """Every subscription, how far it is behind, and its dead letters."""
    with reading(central.engine) as connection:
        last = connection.execute(text("SELECT last FROM feed_head WHERE one=1")).scalar_one()
        letters = dict.fromkeys(connection.execute(select(webhooks.c.name)).scalars(), 0)
        counted = select(webhook_letters.c.name, func.count()).group_by(webhook_letters.c.name)
        letters |= {row[0]: row[1] for row in connection.execute(counted)}
        names = ("name", "url", "kind", "outcome", "cursor", "failures", "due", "stopped")
        return [
            {name: getattr(row, name) for name in names} | {"behind": last - row.cursor, "dead": letters[row.name]}
            for row in connection.execute(select(webhooks).order_by(webhooks.c.name))
        ]


def letters_of(central: Central, name: str) -> list[dict[str, Any]]:
    """The dead letters of a subscription: which rows, what the receiver said, and when.

    Raises:
        NotFound: webhook_not_found.
    """
    with reading(central.engine) as connection:
        _standing(connection, name)
        found = select(webhook_letters).where(webhook_letters.c.name == name).order_by(webhook_letters.c.cursor)
        return [dict(row._mapping) for row in connection.execute(found)]  # noqa: SLF001 - SQLAlchemy's public name


def remove(central: Central, name: str) -> None:
    """Remove a subscription with its dead letters.

    Raises:
        NotFound: webhook_not_found.
    """
    with writing(central.engine) as connection:
        _standing(connection, name)
        connection.execute(delete(webhook_letters).where(webhook_letters.c.name == name))
        connection.execute(delete(webhooks).where(webhooks.c.name == name))


def again(central: Central, name: str, post: Post, chance: Callable[[], float] = random.random) -> tuple[int, int]:
    """Send every dead letter of a subscription once more: how many were taken, and how many are left.

    Raises:
        NotFound: webhook_not_found. Conflict: webhook_stopped.
    """
    with reading(central.engine) as connection:
        one = _standing(connection, name)
        client = client_by(connection, one.token, central.stamp())
    if client is None:
        raise Conflict(
            "webhook_stopped", f"{name}: expected a client that may read, got one whose token was revoked or has ended."
        )
    sender = _Sender(central, one, client, post, chance)
    taken = left = 0
    for letter in letters_of(central, name):
        page = feed.page(central.engine, client, feed.Wanted(letter["cursor"] - 1, 1))
        row = json.loads(page.rows[0]) if page.rows else {"cursor": 0}
        done = row["cursor"] == letter["cursor"] and sender.send(row).taken
        if done:
            with writing(central.engine) as connection:
                connection.execute(delete(webhook_letters).where(_letter(name, letter["cursor"])))
        taken, left = taken + done, left + (not done)
    return taken, left


# --- sending --------------------------------------------------


class Deliveries:
    """Subscriptions being served, each in a thread of its own: nobody waits for a receiver that is slow.

    Use it as a context; leaving it waits for what is under way.
    """

    def __init__(self, central: Central, post: Post, chance: Callable[[], float] = random.random) -> None:
        """Nothing is sent yet."""
        self._central, self._post, self._chance = central, post, chance
        self._pool = ThreadPoolExecutor(_AT_ONCE, "webhook")
        self._under_way: dict[str, Future[int]] = {}

    def step(self) -> int:
        """Begin what is due and not under way; how many rows were taken by what has ended since the last step.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database could not do it; what was not noted is sent again.
        """
        ended = [name for name, future in self._under_way.items() if future.done()]
        taken = sum(future.result() for future in [self._under_way.pop(name) for name in ended])
        for name in _due(self._central):
            if name not in self._under_way:
                self._under_way[name] = self._pool.submit(_deliver, self._central, name, self._post, self._chance)
        return taken

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)


def run_once(central: Central, post: Post, chance: Callable[[], float] = random.random) -> int:
    """Send what is due of every subscription, and wait for all of it; how many rows were taken."""
    names = _due(central)
    if not names:
        return 0
    with ThreadPoolExecutor(min(_AT_ONCE, len(names))) as pool:
        return sum(pool.map(lambda name: _deliver(central, name, post, chance), names))


def _due(central: Central) -> list[str]:
    """The subscriptions that have rows waiting and whose time has come, the longest waiting first."""
    feed.sequence(central.engine)
    with reading(central.engine) as connection:
        last = connection.execute(text("SELECT last FROM feed_head WHERE one=1")).scalar_one()
        where = webhooks.c.stopped.is_(None) & (webhooks.c.due <= central.stamp()) & (webhooks.c.cursor < last)
        return list(connection.execute(select(webhooks.c.name).where(where).order_by(webhooks.c.due)).scalars())


def _deliver(central: Central, name: str, post: Post, chance: Callable[[], float]) -> int:
    with writing(central.engine) as connection:
        one = connection.execute(select(webhooks).where(webhooks.c.name == name)).one_or_none()
        if one is None or not _claimed(connection, one, central.now()):
            return 0
        client = client_by(connection, one.token, central.stamp())
        if client is None:
            _stop(connection, name, f"{central.stamp()}: the token of its client was revoked or has ended")
            return 0
    sender = _Sender(central, one, client, post, chance)
    wanted = feed.Wanted(one.cursor, PAGE, one.kind, outcome=one.outcome)
    page = feed.page(central.engine, client, wanted)
    taken, until = 0, time.monotonic() + TURN_S
    for row in page.rows:
        if not sender.goes_on(json.loads(row)):
            return taken
        taken += 1
        if time.monotonic() > until:  # the thread is for others too; this one is due again at once
            sender.move(json.loads(row)["cursor"], central.now())
            return taken
    sender.move(page.next, central.now())
    return taken


class _Sender:
    """One worker at one subscription, which it holds for `LEASE` after each row."""

    def __init__(
        self,
        central: Central,
        one: Any,  # noqa: ANN401 - a database row
        client: Client,
        post: Post,
        chance: Callable[[], float],
    ) -> None:
        self._central, self._one, self._post, self._chance = central, one, post, chance
        self._key = _key(central, one.name, one.created)
        self._failures = int(one.failures)
        self.client = client

    def send(self, row: Mapping[str, Any]) -> Answer:
        """Send one row, signed now."""
        body = written(event_of(row, self._central.id))
        message = f"{self._one.name}-{row['cursor']}"
        headers = signed_headers(self._key, message, int(self._central.now().timestamp()), body)
        return self._post(self._one.url, body, {**headers, "Content-Type": MEDIA_TYPE}, private=self._one.private)

    def goes_on(self, row: Mapping[str, Any]) -> bool:
        """Send one row, and note what came of it; False when the subscription has to wait."""
        answer = self.send(row)
        now = self._central.now()
        if answer.taken:
            self._failures = 0
            self.move(row["cursor"], now + LEASE)
            return True
        self._failures += 1
        name = self._one.name
        if answer.refused and self._failures >= TRIES:
            told = {"name": name, "cursor": row["cursor"], "answer": str(answer), "tries": self._failures}
            self._failures = 0
            with writing(self._central.engine) as connection:
                connection.execute(_LETTER, told | {"noted": now.isoformat()})
                self._alarm(connection, "webhook_refused", row["cursor"], answer)
                self._move(connection, row["cursor"], now + LEASE)
            return True
        wait_s = BACKOFF.wait_s(self._failures, self._chance())
        with writing(self._central.engine) as connection:
            if self._failures == TRIES:
                self._alarm(connection, "webhook_silent", row["cursor"], answer)
            due = (now + timedelta(seconds=wait_s)).isoformat()
            connection.execute(self._mine().values(failures=self._failures, due=due))
        return False

    def _alarm(self, connection: Connection, code: str, cursor: int, answer: Answer) -> None:
        name, now = self._one.name, self._central.stamp()
        detail = f"{name} has not taken row {cursor} in {TRIES} tries: {answer}."
        raise_alarm(connection, "", code, f"{name}-{cursor}", detail, now)

    def move(self, cursor: int, due: datetime) -> None:
        """Note that every row up to `cursor` is done with."""
        with writing(self._central.engine) as connection:
            self._move(connection, cursor, due)

    def _move(self, connection: Connection, cursor: int, due: datetime) -> None:
        """A slower worker that lost its lease never moves the cursor back."""
        where = webhooks.c.cursor <= cursor
        told = {"cursor": cursor, "failures": self._failures, "due": due.isoformat()}
        connection.execute(self._mine().where(where).values(**told))

    def _mine(self) -> Any:  # noqa: ANN401 - a statement
        return update(webhooks).where((webhooks.c.name == self._one.name) & (webhooks.c.created == self._one.created))


def _claimed(connection: Connection, one: Any, now: datetime) -> bool:  # noqa: ANN401 - a database row
    """Whether this worker may go to work on a subscription: nobody has since its `due` was read."""
    if one.stopped is not None or one.due > now.isoformat():
        return False
    where = (webhooks.c.name == one.name) & (webhooks.c.due == one.due) & webhooks.c.stopped.is_(None)
    return connection.execute(update(webhooks).where(where).values(due=(now + LEASE).isoformat())).rowcount == 1


def _stop(connection: Connection, name: str, why: str) -> None:
    connection.execute(update(webhooks).where(webhooks.c.name == name).values(stopped=why))


def _standing(connection: Connection, name: str) -> Any:  # noqa: ANN401 - a database row
    found = connection.execute(select(webhooks).where(webhooks.c.name == name)).one_or_none()
    if found is None:
        raise NotFound("webhook_not_found", f"Expected the name of a webhook, got {name[:80]!r}.")
    return found


def _letter(name: str, cursor: int) -> Any:  # noqa: ANN401 - a condition
    return (webhook_letters.c.name == name) & (webhook_letters.c.cursor == cursor)


def _key(central: Central, name: str, created: str) -> bytes:
    info = f"sekisho-webhook {name} {created}".encode()
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info).derive(central.private.private_bytes_raw())
