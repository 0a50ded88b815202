"""One box at work: arrivals are inspected, officers decide, pages read back. What everybody at the bench talks to.

The story of an inspection is told by edge/flow.py. The officer's disposition is a row of its own, and an answer leaves
this module only after its row is durable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from edge.arrival import Arrival
from edge.card_acts import CardActs, CardDone, Shown
from edge.decisions import Decisions
from edge.desk_card import order_of, secret_of
from edge.errors import NotFound, RegistryError, RequestRefused, SekishoError
from edge.events import Events, News
from edge.flow import Flow
from edge.gallery import Gallery
from edge.inspection import (
    NOT_SIGNED_IN,
    Assessment,
    Decision,
    Disposition,
    InspectionRecord,
    Observation,
    Observed,
    Origin,
    Question,
)
from edge.lookup import LookupResult
from edge.moment import Moment
from edge.parcels import Parcels
from edge.people.desk import Claim, Desk, Person
from edge.people.roles import Right
from edge.people.second import Asked, Seconds
from edge.policy import Policy
from edge.ports import Now
from edge.settings import Settings
from edge.steps import record
from edge.storage.chain import Row
from edge.storage.evidence import EvidenceStore
from edge.storage.keys import derived, storage_key
from edge.storage.ledger import Ledger, LedgerState
from edge.storage.registry import Registry
from edge.storage.shelves import Shelves
from edge.troubles import Troubles
from edge.vault import Vault
from models.worker import PixelWorkers


class Bench:
    """One box at work for all its stations. Safe to call from many threads."""

    def __init__(
        self,
        *,
        settings: Settings,
        shelves: Shelves,
        workers: PixelWorkers,
        gallery: Gallery,
        ledger: Ledger,
        evidence: EvidenceStore,
        now: Now,
        boot: str,
    ) -> None:
        """Join what edge/app.py chose. `shelves` hold what can be replaced, `boot` names this start of the bench."""
        self.settings = settings
        self.shelves = shelves
        self.events = Events()
        self.ledger = ledger
        self.troubles = Troubles()
        self._workers = workers
        self._evidence = evidence
        self.vault = Vault(settings.state_dir, settings.vault_key)
        self._now = now
        self._boot = boot
        self.desk = Desk(settings, ledger, self.origin, now, self.tell)
        self.seconds = Seconds()
        self._parcels = Parcels(
            settings=settings, ledger=ledger, desk=self.desk, now=now, origin=self.origin, tell=self.tell
        )
        self._flow = Flow(
            settings=settings,
            shelves=shelves,
            workers=workers,
            gallery=gallery,
            ledger=ledger,
            evidence=evidence,
            vault=self.vault,
            parcels=self._parcels,
            now=now,
            origin=self.origin,
            tell=self.tell,
        )
        self._decisions = Decisions(
            stations=self._parcels.stations,
            ledger=ledger,
            origin=self.origin,
            tell=self.tell,
            take_over=self._parcels.take_over,
        )
        self._cards = CardActs(self._parcels.stations, self.dispose, self.undo, self._parcels.leave)

    def inspect(self, arrival: Arrival) -> Assessment:
        """Take one arrival into its inspection. Where nobody sent it it is of whoever is signed in at its station.

        Raises:
            InputError, NotFound, Conflict, LedgerError: see `Flow.inspect`.
        """
        name = self.station(arrival.station)
        officer = arrival.officer if arrival.own else self._officer(name, arrival.officer)
        return self._flow.inspect(replace(arrival, officer=officer))

    # --- The officer's part -------------------------------------------------------------------------------------------

    def dispose(
        self,
        inspection: str,
        decision: Decision,
        *,
        officer: str = NOT_SIGNED_IN,
        reason: str = "",
        station: str = "",
        assessment: int | None = None,
        confirmed_by: str = "",
    ) -> Disposition:
        """The officer's decision on an inspection, as its own row. Repeating it answers the row that stands.

        Raises:
            NotFound: there is no such inspection.
            Conflict: see `edge.checks.disposition.decided`.
            LedgerError: the row could not be made durable.
        """
        wanted = Disposition(inspection, decision, officer, reason, self._now(), confirmed_by=confirmed_by)
        by_two = self.policy.people.detain_by_two
        return self._decisions.dispose(wanted, station=station, assessment=assessment, by_two=by_two)

    def undo(
        self, inspection: str, *, officer: str = NOT_SIGNED_IN, reason: str = "", station: str = ""
    ) -> Disposition:
        """Take back the disposition that stands. A row of its own; nothing is deleted. Repeating it changes nothing.

        Raises:
            NotFound: there is no such inspection, or nothing to undo (disposition_not_found).
            LedgerError: the row could not be made durable.
        """
        return self._decisions.undo(Disposition(inspection, None, officer, reason, self._now()), station=station)

    def ask(self, inspection: str, text: str, *, picture: str = "", officer: str = NOT_SIGNED_IN) -> Question:
        """The officer's question on an inspection to whoever knows the product. It goes up with the results.

        Raises:
            NotFound: there is no such inspection. RequestRefused: request_question: nothing is asked, or the picture is
                none of its goods.
            LedgerError: the row could not be made durable.
        """
        return self._decisions.ask(Question(inspection, text, picture, (), officer, self._now()))

    def observe(
        self, inspection: str, recordation: str, point: int, observed: Observed, *, officer: str = NOT_SIGNED_IN
    ) -> Observation:
        """What the officer saw of a distinguishing point. It is kept and goes up; it changes no verdict.

        Raises:
            NotFound: there is no such inspection. RequestRefused: request_point: no such point is recorded for it.
            LedgerError: the row could not be made durable. RegistryError: the edition cannot be read.
        """
        wanted = Observation(inspection, recordation, point, "", observed, officer, self._now())
        return self._decisions.observe(wanted, self.facts(self.record(inspection)))

    def next(self, station: str, *, officer: str = NOT_SIGNED_IN, inspection: str = "") -> None:
        """The officer goes on to the next parcel. It is never a release.

        With `inspection` only that one is closed: a repeated NEXT never closes the parcel that followed.

        Raises:
            RequestRefused: there is no such station. LedgerError: the row could not be made durable.
        """
        self._parcels.leave(self.station(station), self._officer(station, officer), inspection)

    def badge(self, station: str, code: str, source: str) -> Person:
        """A badge that a gun read at a station: it agrees to what waits for a second officer, else it signs in there.

        Raises:
            RequestRefused: there is no such station. AccessRefused, BoxError: see `Desk.sign_in`. And as `agrees`.
        """
        claim = Claim(badge=code, client=source)
        agreed = self.agrees(station, claim)
        return agreed[0] if agreed else self.desk.sign_in(claim, station=self.station(station))[0]

    def agrees(self, station: str, claim: Claim) -> tuple[Person, str] | None:
        """A badge at a station where a second officer is asked for: who agreed, to the detention of which inspection.

        Nobody is signed in or out by it. None: nobody is asked for, or whoever asked or the parcel is there no more.

        Raises:
            RequestRefused: there is no such station. AccessRefused, BoxError: see `Desk.known`.
            Conflict: second_person_conflict: it is the badge of the first; and as `dispose`.
        """
        name = self.station(station)
        asked = self.seconds.at(name)
        if asked is None or not self._waits(asked, name):
            person = self.desk.whose(claim)
            again = self.seconds.repeated(name, person.id) if person else ""
            return (person, again) if person and again else None
        try:
            account, _ = self.desk.known(claim, name, Right.DECIDE)
            self.dispose(
                asked.inspection,
                Decision.DETAIN,
                officer=asked.officer,
                reason=asked.reason,
                assessment=asked.assessment,
                confirmed_by=account.id,
            )
        except SekishoError as error:
            self.events.tell(News(0, "card", "", name, f"refused {error.code}"))
            raise
        self.seconds.close(name, asked.inspection, account.id)
        return Person(account.id, account.name, account.role), asked.inspection

    def _waits(self, asked: Asked, station: str) -> bool:
        """Whether the parcel still lies there undecided, and whoever asked is still signed in."""
        there = self.desk.at(station).person
        if there is None or there.id != asked.officer or self.open_at(station) != asked.inspection:
            return False
        return self.record(asked.inspection).disposition is None

    def card(
        self,
        station: str,
        code: str,
        officer: Callable[[], str] | None = None,
        *,
        reason: str = "",
        shown: Shown | None = None,
    ) -> CardDone:
        """A barcode of the desk card that was read at a station.

        `officer` tells who decides, and is asked for a decision only; None: whoever is signed in at the station.
        `reason` is what stands typed beside the decision, `shown` what the page shows that read the card.

        Raises:
            RequestRefused: there is no such station, or the card is another box's. AccessRefused: see `Desk.permitted`.
            Conflict, NotFound, LedgerError: see `CardActs.carry_out`.
        """
        name = self.station(station)
        try:
            order = order_of(code, self._card_secret())
            deciding = officer or partial(self._deciding, name)
            scanning = self.desk.scanner(name)
            done = self._cards.carry_out(order, name, deciding, scanning=scanning, reason=reason, shown=shown)
        except SekishoError as error:
            self.events.tell(News(0, "card", "", name, f"refused {error.code}"))
            raise
        said = " ".join(part for part in (done.done, done.order.command, done.order.language) if part)
        self.events.tell(News(0, "card", done.inspection, name, said))
        return done

    def shows(self, station: str, shown: Shown) -> None:
        """A screen of the station was given `shown`: what a gun's desk card decides there, the officer has seen."""
        self._cards.show(self.station(station), shown)

    def _deciding(self, station: str) -> str:
        """Who decides at a station by what a gun reads there."""
        if not self.desk.has_accounts() and not self.desk.needed():
            return NOT_SIGNED_IN
        return self.desk.permitted(self.desk.officer(station), Right.DECIDE, station)

    def _card_secret(self) -> str:
        return secret_of(derived(storage_key(self.settings.state_dir), "desk card"))

    def open_at(self, station: str) -> str:
        """The id of the inspection that lies open at the station; "" for none."""
        return self._parcels.open_at(station)

    def at_work(self, quiet_s: float) -> tuple[str, ...]:
        """The stations where an arrival is being taken, or something has arrived in the last `quiet_s`."""
        return tuple(station for station in self.settings.stations if self._parcels.stations.at_work(station, quiet_s))

    # --- Reading back -------------------------------------------------------------------------------------------------

    def record(self, inspection: str) -> InspectionRecord:
        """An inspection with all its assessments and dispositions.

        Raises:
            NotFound: there is no such inspection.
        """
        return record.inspection(inspection, self.ledger)

    def facts(self, kept: InspectionRecord) -> LookupResult:
        """What the registry and the ledger know now of what an inspection holds. The verdict stays as it was given.

        Raises:
            RegistryError, LedgerError: they cannot be read.
        """
        return self._flow.facts(kept)

    def recent(
        self, limit: int, before: int | None = None, after: int | None = None, kinds: tuple[str, ...] = ()
    ) -> tuple[Row, ...]:
        """Ledger rows, newest first below `before`, of some kinds; or all of them, oldest first above `after`."""
        if after is not None:
            return self.ledger.outbox(after, limit)
        return self.ledger.recent(limit, before, kinds)

    def evidence(self, sha256: str) -> bytes:
        """A kept file, or a picture of the registry edition in use.

        Raises:
            EvidenceError: it is neither, or was altered.
        """
        try:
            return self.shelves.editions.current().face_picture(sha256)
        except (RegistryError, NotFound):
            return self._evidence.get(sha256)

    def registry(self) -> Registry:
        """The registry edition in use.

        Raises:
            RegistryError: there is none that can be read.
        """
        return self.shelves.editions.current()

    @property
    def policy(self) -> Policy:
        """The policy in use."""
        return self.shelves.policies.current()

    def now(self) -> Moment:
        """One reading of the box's clock."""
        return self._now()

    def ledger_state(self) -> LedgerState:
        """How many rows there are, how many were not sent, and whether the disk reserve is in use."""
        return self.ledger.state()

    def worker_pids(self) -> tuple[int, ...]:
        """Process ids of the pixel workers."""
        return self._workers.pids()

    def _officer(self, station: str, officer: str) -> str:
        return officer if officer != NOT_SIGNED_IN else self.desk.scanner(station)

    def station(self, station: str) -> str:
        """A station of this box, by its name.

        Raises:
            RequestRefused: request_unknown_station.
        """
        if station not in self.settings.stations:
            raise RequestRefused(
                "request_unknown_station",
                f"Expected one of the stations {', '.join(self.settings.stations)}, got {station!r}.",
                hint="Stations are named by SEKISHO_STATIONS.",
            )
        return station

    def origin(self, station: str, officer: str = NOT_SIGNED_IN) -> Origin:
        """Who writes a row for `station`."""
        return Origin(self.settings.device, station, officer, self._boot)

    def tell(self, row: Row) -> None:
        """Give the news of a row to whoever listens."""
        self.events.tell(News(row.seq, row.entry.kind, row.entry.inspection, row.entry.origin.station))
