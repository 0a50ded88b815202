"""The sync of one box as a process of its own, measured: python -m benchmarks.faults.night STATE_DIR URL."""

from __future__ import annotations

import json
import resource
import sys
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from edge.moment import ClockTrust, Moment
from sync.identity import KEY_FILE, kept_enrolment, kept_private_key
from sync.link import Link
from sync.protocol import key_id
from sync.push import Signer, push
from sync.push_evidence import push_evidence


def main() -> None:
    """Send everything; print what it took as JSON."""
    box, url = Path(sys.argv[1]), sys.argv[2]
    enrolment, private = kept_enrolment(box), kept_private_key(box / KEY_FILE)
    if enrolment is None:
        sys.exit(f"{box}: expected an enrolled box")
    signer = Signer(enrolment.device, private.sign, key_id(private.public_key()))
    with closing(Link(replace(enrolment, url=url), private)) as link:
        started = time.monotonic()
        rows = push(box, link, signer, lambda: Moment(datetime.now(UTC), ClockTrust.SYNCED)).rows
        between = time.monotonic()
        pictures = push_evidence(box, link, 10**12).pictures
        ended = time.monotonic()
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {
        "rows": rows,
        "rows_s": between - started,
        "pictures": pictures,
        "pictures_s": ended - between,
        "sent_bytes": link.bytes_up,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_mb": _peak_mb(),
    }
    print(json.dumps(told))


def _peak_mb() -> float:
    """The most that this process has held in memory. getrusage tells that of whoever started it, if that was more."""
    status = Path("/proc/self/status").read_text()
    return float(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
