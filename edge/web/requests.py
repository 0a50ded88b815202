"""What the API takes in: typed documents that refuse what they do not know. Mapped to the nouns, nothing judged."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints, field_validator, model_validator

from edge.declaration import ConsignmentIn, Incoming
from edge.errors import CodeRefused
from edge.inspection import Decision
from edge.steps.capture import RawCode

# A code may hold the separators of GS1 and ISO/IEC 15434 and the white space of a printed text; any other control
# character is a fault on the way. A payload in base64 may hold anything.
_CONTROL = frozenset(chr(code) for code in (*range(32), 127)) - set("\t\r\n\x04\x1c\x1d\x1e\x1f")

ID_PATTERN = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"  # of an inspection: a UUIDv7

Time = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))]
Text = Annotated[str, StringConstraints(max_length=2_000)]
Name = Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]


class CodeIn(Incoming):
    """One scanned or typed code: `text`, or `payload` when it is no text or its bytes matter."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"text": "010952123454321321A7\u001d10LOT-b", "symbology": "]d2", "source": "gun-3"}]
        }
    )

    text: str | None = Field(default=None, min_length=1, description="The code as text; GS is U+001D.")
    payload: str | None = Field(default=None, min_length=1, description="The code's bytes in base64.")
    symbology: str = Field(
        default="", pattern=r"^(\][A-Za-z][0-9A-Za-z])?$", description="ISO/IEC 15424 identifier when it came apart."
    )
    source: Name = Field(default="http", description="What sent it: a scanner's name, or typed.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.text is None) == (self.payload is None):
            raise ValueError("a code must have either text or payload")
        return self

    def as_raw(self) -> RawCode:
        """The code as the bench takes it.

        Raises:
            CodeRefused: `code_control`, a control character that no code holds; `code_base64`.
        """
        return RawCode(self._bytes(), self.source or "http", self.symbology)

    def _bytes(self) -> bytes:
        if self.text is None:
            try:
                return base64.b64decode(self.payload or "", validate=True)
            except (binascii.Error, ValueError) as error:
                raise CodeRefused(
                    "code_base64", f"The payload must be base64, got: {error}.", hint="Encode the bytes again."
                ) from error
        strange = next((letter for letter in self.text if letter in _CONTROL), None)
        if strange is not None:
            raise CodeRefused(
                "code_control",
                f"A code as text must hold no control character but GS, RS, FS, US, EOT, tab and line ends, "
                f"got U+{ord(strange):04X}.",
                hint="Check the scanner's settings, or send the bytes as payload in base64.",
            )
        return self.text.encode("utf-8")


class TakenIn(Incoming):
    """When what is sent was taken, by the sender's own clock. It is kept and shown; nothing is judged by it."""

    at: Time = Field(description="When it was scanned or photographed.")
    sent: Time = Field(description="When this request is sent, by the same clock: tells how far that clock is off.")
    by: Name | None = Field(
        default=None,
        description=(
            "Id of who was signed in at the sender then, empty for nobody. Where somebody else is signed in when it is "
            "sent, what was taken is nobody's. null: not told."
        ),
    )


class ShownIn(Incoming):
    """What a page shows: the inspection and the number of its assessment."""

    inspection: Name = Field(default="", description="Empty: nothing lies open there.")
    assessment: int = Field(default=0, ge=0)


class ArrivalIn(Incoming):
    """What arrived at a station: codes, a declaration, or pictures beside this document."""

    codes: tuple[CodeIn, ...] = ()
    consignment: ConsignmentIn | None = None
    officer: Name = Field(
        default="", description="Who is at the station, on a box without accounts; empty: not signed in."
    )
    reason: Text = Field(default="", description="With a barcode of the desk card: why the officer decides so.")
    shown: ShownIn | None = Field(
        default=None, description="With a barcode of the desk card: what the page shows that read it."
    )
    taken: TakenIn | None = Field(default=None, description="Of a sender that may send late, such as from a queue.")
    camera: Name = Field(default="", description="What took the pictures, e.g. camera:bench; empty: upload.")


class InspectionIn(ArrivalIn):
    """What arrived, and where."""

    station: Name = Field(default="", description="Name of the station; empty: the first one.")
    joins: bool = Field(default=True, description="false: a parcel of its own, whatever lies open at the station.")


class CodesIn(Incoming):
    """More codes of an inspection."""

    codes: tuple[CodeIn, ...] = Field(min_length=1)
    officer: Name = ""
    taken: TakenIn | None = None


class ClaimIn(Incoming):
    """By what somebody says to be somebody: the code of a badge, or an id and its PIN."""

    badge: Annotated[str, StringConstraints(max_length=100)] = Field(
        default="", description="As it was scanned.", json_schema_extra={"writeOnly": True}
    )
    person: Name = Field(default="", description="Id of the account.")
    pin: Annotated[str, StringConstraints(max_length=64)] = Field(default="", json_schema_extra={"writeOnly": True})


class DispositionIn(Incoming):
    """The officer's decision. Silence is none."""

    decision: Decision
    assessment: Annotated[int, Field(ge=1, le=2**31)] | None = Field(
        default=None,
        description="Number of the assessment that the officer has seen; a newer one refuses the decision with 409.",
    )
    officer: Name = ""
    second: ClaimIn | None = Field(default=None, description="Another officer who agrees, where the policy wants two.")
    reason: Text = Field(default="", description="Needed where the decision departs from the verdict.")

    @field_validator("reason")
    @classmethod
    def _printable(cls, reason: str) -> str:
        return "".join(letter for letter in reason if letter in "\n\t" or letter >= " ").strip()


class UndoIn(Incoming):
    """Why the last decision is taken back, and by whom."""

    officer: Name = ""
    reason: Text = ""


class NextIn(Incoming):
    """Which parcel is done."""

    inspection: Annotated[str, StringConstraints(pattern=ID_PATTERN)] | None = Field(
        default=None, description="Closes it only if it lies open there still; left out: whatever lies open."
    )
    officer: Name = ""
