"""What concerns a box's identity on a stick: enrolment, renewal, retirement; and the lists of what is revoked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from edge.errors import InputError, SekishoError
from edge.storage.database import write_durably
from sync.central.central import Central
from sync.central.database import reading
from sync.central.fleet.retired import take_retirement
from sync.central.intake.devices import revocations, revoked_certificates
from sync.central.intake.enrolling import enrolled_by, renewed_by
from sync.central.intake.regular import regular
from sync.renewal import ASKED_ENROLMENT, ASKED_RENEWAL, CERTIFICATE, ENROLLED
from sync.usb import RETIREMENT

MAX_FILE_BYTES = 4_000_000  # a retirement names every file of its export
DENIED, CRL = "revocations.json", "revoked.crl"

Answer = Callable[[Central, bytes], bytes]


def _enrolment(central: Central, data: bytes) -> bytes:
    try:
        told = json.loads(data)
        device, request, proof = (str(told[name]) for name in ("device", "request", "proof"))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        message = f"Expected what a box asks to be enrolled with, got {type(error).__name__}."
        raise InputError("request_field", message, hint="sekisho results enrol - --stick DIR writes it.") from error
    return json.dumps(enrolled_by(central, device, request.encode(), proof)).encode()


_ANSWERED: dict[str, tuple[str, Answer]] = {
    ASKED_ENROLMENT: (ENROLLED, _enrolment),
    ASKED_RENEWAL: (CERTIFICATE, renewed_by),
}
_AT_LAST: dict[str, tuple[str, Answer]] = {RETIREMENT: ("retirement.receipt.json", take_retirement)}


def answer_stick(
    central: Central, place: Path, *, rows_taken: bool
) -> tuple[tuple[str, ...], tuple[tuple[Path, SekishoError], ...]]:
    """Answer what a box's folder asks; the names of what was answered, and what was refused with its reason.

    A box is enrolled and renewed before its rows are taken, and its retirement believed after. What was answered stays
    on the stick: asked again it is answered the same.
    """
    answered, refused = list[str](), list[tuple[Path, SekishoError]]()
    for name, (reply, answer) in (_AT_LAST if rows_taken else _ANSWERED).items():
        path = place / name
        if not path.is_symlink() and not path.exists():
            continue
        try:
            write_durably(place / reply, answer(central, regular(path, MAX_FILE_BYTES)))
            answered.append(name)
        except SekishoError as error:
            refused.append((path, error))
        except OSError as error:
            came = InputError("import_file", f"Expected a stick that takes an answer, got {error.strerror}.")
            refused.append((path, came))
    return tuple(answered), tuple(refused)


def write_lists(central: Central, folder: Path) -> None:
    """Write the deny-list (signed JSON) and the CRL (DER) into a folder, as static files for whoever checks boxes.

    Raises:
        OSError: it cannot be written.
    """
    with reading(central.engine) as connection:
        denied = revocations(connection, central.private, central.stamp())
        listed = revoked_certificates(connection, central.private, central.now())
    write_durably(folder / DENIED, denied)
    write_durably(folder / CRL, listed)
