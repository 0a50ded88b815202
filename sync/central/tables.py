"""The tables of the central, one metadata for SQLite and PostgreSQL. They are made by sync/central/migrations.

Times are ISO 8601 texts as they were told: what a box stamped is never converted. Texts of boxes that PostgreSQL cannot
hold (NUL) stay inside `header` and `body`, which are JSON; the columns beside them are for finding only.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.types import TypeEngine

PARTITIONS = 16  # of entries and personal, by hash of the device, on PostgreSQL
_NUMBER: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
_BY_DEVICE = "HASH (device)"

metadata = MetaData()

keys = Table(  # of devices; one that was replaced stays, revoked
    "keys",
    metadata,
    Column("key", Text, primary_key=True),
    Column("device", Text, nullable=False),
    Column("port", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("certificate", Text, nullable=False),
    Column("expires", Text, nullable=False),
    Column("revoked", Text),
    Column("reason", Text, nullable=False),
    Index("keys_by_device", "device"),
)
enrolments = Table(  # one-time tokens
    "enrolments",
    metadata,
    Column("secret", Text, primary_key=True),
    Column("device", Text, nullable=False),
    Column("port", Text, nullable=False),
    Column("expires", Text, nullable=False),
    Column("used_by", Text),  # key id
)
certificates = Table(  # every one that was issued; sync/central/intake/devices.py
    "certificates",
    metadata,
    Column("serial", Text, primary_key=True),  # hex
    Column("key", Text, nullable=False),
    Column("follows", Text, nullable=False),  # the serial that it was renewed from, "" for the first
    Column("document", Text, nullable=False),  # PEM
    Column("issued", Text, nullable=False),
    Column("expires", Text, nullable=False),
    Index("certificates_by_key", "key"),
)
doubted = Table(  # rows that came after their box was lost, both sequences included: nobody is given them
    "doubted",
    metadata,
    Column("device", Text, primary_key=True),
    Column("ledger", Text, primary_key=True),
    Column("first", _NUMBER, nullable=False),
    Column("last", _NUMBER, nullable=False),
    Column("since", Text, nullable=False),  # when the box was lost
    Column("reason", Text, nullable=False),
    Column("noted", Text, nullable=False),
)
retirements = Table(  # what boxes said when they were erased
    "retirements",
    metadata,
    Column("hash", Text, primary_key=True),  # SHA-256 of the document
    Column("device", Text, nullable=False),
    Column("document", Text, nullable=False),  # signed
    Column("received", Text, nullable=False),
)
clients = Table(  # who may read the feed
    "clients",
    metadata,
    Column("token", Text, primary_key=True),  # SHA-256 of it
    Column("name", Text, nullable=False),
    Column("nominal", Boolean, nullable=False),
    Column("ports", Text, nullable=False),  # JSON list; empty is all
    Column("revoked", Text),
    Column("expires", Text),  # none: until it is revoked
)
ledgers = Table(  # where each chain stands here
    "ledgers",
    metadata,
    Column("device", Text, primary_key=True),
    Column("ledger", Text, primary_key=True),
    Column("founding", Text, nullable=False),
    Column("seq", _NUMBER, nullable=False),
    Column("hash", Text, nullable=False),
    Column("end_seq", _NUMBER, nullable=False),  # how far the box said it was
    Column("received", Text, nullable=False),  # last contact
)
entries = Table(
    "entries",
    metadata,
    Column("device", Text, primary_key=True),
    Column("ledger", Text, primary_key=True),
    Column("seq", _NUMBER, primary_key=True),
    Column("hash", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("inspection", Text, nullable=False),
    Column("port", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("header", Text, nullable=False),  # JSON: all of the row but its body
    Column("body", Text, nullable=False),  # as the box hashed it
    Index("entries_by_inspection", "device", "inspection"),
    postgresql_partition_by=_BY_DEVICE,
)
personal = Table(  # nominal; the only rows of boxes that may go
    "personal",
    metadata,
    Column("device", Text, primary_key=True),
    Column("ledger", Text, primary_key=True),
    Column("seq", _NUMBER, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("salt", Text, nullable=False),
    Column("value", Text, nullable=False),  # JSON string
    postgresql_partition_by=_BY_DEVICE,
)
heads = Table(  # what each device signed
    "heads",
    metadata,
    Column("device", Text, primary_key=True),
    Column("ledger", Text, primary_key=True),
    Column("seq", _NUMBER, primary_key=True),
    Column("document", Text, nullable=False),
    Column("received", Text, nullable=False),
)
quarantine = Table(  # rows that contradict what was received before
    "quarantine",
    metadata,
    Column("device", Text, primary_key=True),
    Column("ledger", Text, primary_key=True),
    Column("seq", _NUMBER, primary_key=True),
    Column("hash", Text, primary_key=True),
    Column("header", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("document", Text, nullable=False),  # the head that the device signed over it
    Column("received", Text, nullable=False),
)
alarms = Table(
    "alarms",
    metadata,
    Column("device", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("about", Text, primary_key=True),
    Column("detail", Text, nullable=False),
    Column("raised", Text, nullable=False),
)
feed_head = Table(
    "feed_head",
    metadata,
    Column("one", Integer, primary_key=True),
    Column("last", _NUMBER, nullable=False),
)
feed_marks = Table(  # how far each chain is in the feed
    "feed_marks",
    metadata,
    Column("device", Text, primary_key=True),
    Column("ledger", Text, primary_key=True),
    Column("seq", _NUMBER, nullable=False),
)
feed = Table(  # ranges: cursor first..first+count-1 are the rows seq_from.. of a chain
    "feed",
    metadata,
    Column("first", _NUMBER, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("device", Text, nullable=False),
    Column("ledger", Text, nullable=False),
    Column("seq_from", _NUMBER, nullable=False),
)
evidence = Table(  # which device has brought which object
    "evidence",
    metadata,
    Column("device", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("size", _NUMBER, nullable=False),
    Column("received", Text, nullable=False),
)
sighting_head = Table(  # how far the feed is in files of sightings
    "sighting_head",
    metadata,
    Column("one", Integer, primary_key=True),
    Column("last", _NUMBER, nullable=False),
)
sighting_files = Table(  # what boxes fetch; sync/central/knowledge/sightings.py
    "sighting_files",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("secret", Text, nullable=False),  # the month of its key
    Column("level", Integer, nullable=False),
    Column("first", _NUMBER, nullable=False),  # feed cursors, both included
    Column("last", _NUMBER, nullable=False),
    Column("count", Integer, nullable=False),
    Column("size", _NUMBER, nullable=False),
    Column("made", Text, nullable=False),
    Column("parts", Text, nullable=False),  # JSON list of SHA-256
    Column("replaced", Text),  # when it became a part of another
    Column("packed", LargeBinary, nullable=False),  # zstd
)
webhooks = Table(  # who is told of new rows; sync/central/onward/webhooks.py
    "webhooks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("token", Text, nullable=False),  # SHA-256 of its client's: rows are limited as that client's
    Column("private", Boolean, nullable=False),  # may lie in a private network
    Column("kind", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("cursor", _NUMBER, nullable=False),  # every row up to it was taken, refused or passed over
    Column("failures", Integer, nullable=False),  # in a row
    Column("due", Text, nullable=False),  # when the next try is; also the lease of the worker that is at it
    Column("created", Text, nullable=False),
    Column("stopped", Text),  # when, and why
)
webhook_letters = Table(  # rows that a receiver has refused for good
    "webhook_letters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("cursor", _NUMBER, primary_key=True),
    Column("answer", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("noted", Text, nullable=False),
)
speakers = Table(  # who may decide and answer; sync/central/knowledge/speakers.py
    "speakers",
    metadata,
    Column("token", Text, primary_key=True),  # SHA-256 of it
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("scope", Text, nullable=False),  # JSON
    Column("revoked", Text),
    Column("expires", Text),  # none: until it is revoked
)
outcomes = Table(  # what became of inspections; one that corrects another names it
    "outcomes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("device", Text, nullable=False),
    Column("inspection", Text, nullable=False),
    Column("ending", Text, nullable=False),
    Column("decided", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("corrects", Text, nullable=False),  # "" for the first
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("received", Text, nullable=False),
    Column("document", Text, nullable=False),  # signed
    Index("outcomes_once", "device", "inspection", "corrects", unique=True),
)
outcome_findings = Table(  # what the last assessment had found
    "outcome_findings",
    metadata,
    Column("outcome", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("pack", Text, primary_key=True),
)
answers = Table(  # to officers' questions, which are rows in entries
    "answers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("device", Text, nullable=False),
    Column("ledger", Text, nullable=False),
    Column("seq", _NUMBER, nullable=False),
    Column("inspection", Text, nullable=False),
    Column("gtins", Text, nullable=False),  # JSON list
    Column("question", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("valid_to", Text, nullable=False),
    Column("corrects", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("answered", Text, nullable=False),
    Column("document", Text, nullable=False),  # signed
    Index("answers_once", "device", "ledger", "seq", "corrects", unique=True),
)
Index(
    "entries_questions",
    entries.c.device,
    entries.c.seq,
    postgresql_where=entries.c.kind == "question",
    sqlite_where=entries.c.kind == "question",
)
named = Table(  # which pictures inspections name; sync/central/privacy/retention.py
    "named",
    metadata,
    Column("device", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("inspection", Text, primary_key=True),
    Column("nominal", Boolean, nullable=False),
    Index("named_by_inspection", "device", "inspection"),
)
watched = Table(  # inspections of which something is left to go, and when each is looked at
    "watched",
    metadata,
    Column("device", Text, primary_key=True),
    Column("inspection", Text, primary_key=True),
    Column("look_at", Text, nullable=False),
    Index("watched_by_look", "look_at"),
)
watch_marks = Table(  # up to which row of each chain inspections are looked after
    "watch_marks",
    metadata,
    Column("device", Text, primary_key=True),
    Column("ledger", Text, primary_key=True),
    Column("seq", _NUMBER, nullable=False),
)
holds = Table(  # legal holds
    "holds",
    metadata,
    Column("device", Text, primary_key=True),
    Column("inspection", Text, primary_key=True),
    Column("placed", Text, primary_key=True),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("lifted", Text),
)
deletions = Table(  # what has gone, signed; each names the hash of the one before of its device
    "deletions",
    metadata,
    Column("device", Text, primary_key=True),
    Column("number", _NUMBER, primary_key=True),
    Column("document", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("made", Text, nullable=False),
)
pictures = Table(  # every picture that a device has brought or that was erased, deleted ones too: never taken out
    "pictures",
    metadata,
    Column("device", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("size", _NUMBER, nullable=False),  # 0: it never came
    Column("deletion", _NUMBER, nullable=False),  # the number of the last that names it, 0 for none
    Column("deleted", Text, nullable=False),  # when, "" while it is here
)
runs = Table(  # when what an operator has to run ran last: "retain", "verify"
    "runs",
    metadata,
    Column("what", Text, primary_key=True),
    Column("at", Text, nullable=False),
)
going = Table(  # objects that no device has any more and that are still to be deleted
    "going",
    metadata,
    Column("sha256", Text, primary_key=True),
)
orders = Table(  # what boxes are to let go, signed; sync/central/privacy/erasure.py
    "orders",
    metadata,
    Column("device", Text, primary_key=True),
    Column("number", _NUMBER, primary_key=True),
    Column("inspection", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("made", Text, nullable=False),
)
checked = Table(  # up to which row each chain was proved again at rest; sync/central/intake/signatures.py
    "checked",
    metadata,
    Column("device", Text, primary_key=True),
    Column("ledger", Text, primary_key=True),
    Column("seq", _NUMBER, nullable=False),
    Column("hash", Text, nullable=False),
    Column("at", Text, nullable=False),
)
disclosures = Table(  # what has left, word for word; sync/central/privacy/disclosure.py
    "disclosures",
    metadata,
    Column("id", Text, primary_key=True),
    Column("recipient", Text, nullable=False),
    Column("profile", Text, nullable=False),  # SHA-256 of its file
    Column("document", Text, nullable=False),
    Column("hash", Text, nullable=False),  # SHA-256 of the document
    Column("rows", Text, nullable=False),  # JSON list of [device, ledger, seq]
    Column("corrects", Text, nullable=False),  # "" for none
    Column("who", Text, nullable=False),
    Column("made", Text, nullable=False),
)
box_status = Table(  # what each box said of itself last
    "box_status",
    metadata,
    Column("device", Text, primary_key=True),
    Column("document", Text, nullable=False),  # signed by the box
    Column("received", Text, nullable=False),
)
fleet_head = Table(  # how far the feed is in the counts below; sync/central/fleet/counts.py
    "fleet_head",
    metadata,
    Column("one", Integer, primary_key=True),
    Column("last", _NUMBER, nullable=False),
)
fired = Table(  # the findings that stand on an inspection, and what the officer did
    "fired",
    metadata,
    Column("device", Text, primary_key=True),
    Column("inspection", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("day", Text, nullable=False),
    Column("decision", Text, nullable=False),  # "" while there is none
    Index("fired_by_inspection", "inspection"),
    Index("fired_by_day", "day"),
)
rule_days = Table(
    "rule_days",
    metadata,
    Column("device", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("decision", Text, primary_key=True),
    Column("count", _NUMBER, nullable=False),
)
score_days = Table(  # scores of comparisons, in the bins of sync/central/fleet/drift.py
    "score_days",
    metadata,
    Column("device", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("pack", Text, primary_key=True),
    Column("bin", Integer, primary_key=True),
    Column("count", _NUMBER, nullable=False),
)
