"""Which readings are believed: told without a pixel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.ean import Agreement
from models.engines import Reading
from models.votes import Ballot, overlap

HERE = ((10.0, 10.0), (110.0, 10.0), (110.0, 60.0), (10.0, 60.0))
THERE = ((10.0, 300.0), (110.0, 300.0), (110.0, 360.0), (10.0, 360.0))


def reading(
    text: str,
    form: str = "EAN13",
    engine: str = "zxing",
    view: str = "plain",
    corners: tuple[tuple[float, float], ...] = HERE,
) -> Reading:
    return Reading(engine, view, form, text, text.encode(), "]E0", corners)


def texts(ballot: Ballot) -> list[str]:
    return [candidate.best.text for candidate in ballot.accepted()]


@pytest.mark.parametrize(
    "form", ["QRCode", "DataMatrix", "Aztec", "RMQRCode", "MaxiCode", "PDF417", "Code128", "Code93"]
)
def test_codes_that_prove_themselves_need_one_vote(form: str) -> None:
    ballot = Ballot()
    ballot.cast(reading("PROOF123", form))
    assert texts(ballot) == ["PROOF123"]


@pytest.mark.parametrize("form", ["PDF417", "MicroPDF417", "MicroQRCode"])
def test_a_sharpened_view_alone_does_not_prove_the_weaker_matrix_codes(form: str) -> None:
    ballot = Ballot()
    ballot.cast(reading("NOISE", form, view="sharpened"))
    assert texts(ballot) == []
    ballot.cast(reading("NOISE", form, view="equalised"))
    assert texts(ballot) == ["NOISE"]


def test_a_blurred_upc_is_never_guessed() -> None:
    ballot = Ballot()
    ballot.cast(reading("9074932437075"))
    assert texts(ballot) == []
    ballot.cast(reading("9074932437075"))  # another threshold on the same view is no second vote
    assert texts(ballot) == []
    ballot.cast(reading("9074932437075", view="equalised"))  # one engine misled twice
    assert texts(ballot) == []
    ballot.cast(reading("9074932437075", engine="zbar"))
    assert texts(ballot) == ["9074932437075"]
    ballot.cast(reading("0023942431015", view="softer"))  # a rival takes the lead away
    ballot.cast(reading("0023942431015", engine="zbar", view="softer"))
    assert texts(ballot) == []


def test_pixels_decide_between_rivals() -> None:
    ballot = Ballot()
    for view in ("plain", "equalised", "softer"):
        ballot.cast(reading("9074932437075", view=view))
    wrong = ballot.candidates[0]
    wrong.agreement = Agreement.CONTRADICTS
    right = ballot.cast(reading("0023942431015", engine="zbar"))
    assert right is not None
    right.agreement = Agreement.AGREES
    assert texts(ballot) == ["0023942431015"]
    wrong.agreement = Agreement.AGREES
    assert texts(ballot) == []


def test_a_contradicted_reading_needs_many_votes() -> None:
    ballot = Ballot()
    for engine, view in (("zxing", "plain"), ("zbar", "plain"), ("zxing", "softer"), ("zbar", "softer")):
        ballot.cast(reading("9074932437075", engine=engine, view=view))
    ballot.candidates[0].agreement = Agreement.CONTRADICTS
    assert texts(ballot) == []
    ballot.cast(reading("9074932437075", view="equalised"))
    assert texts(ballot) == ["9074932437075"]


def test_codes_at_different_places_are_no_rivals() -> None:
    ballot = Ballot()
    for text, corners in (("4006381333931", HERE), ("9789012345675", THERE)):
        for engine in ("zxing", "zbar"):
            ballot.cast(reading(text, engine=engine, corners=corners))
    assert texts(ballot) == ["4006381333931", "9789012345675"]
    assert ballot.undecided() == []


def test_bars_inside_a_matrix_symbol_are_its_modules() -> None:
    ballot = Ballot()
    for engine, view in (("zbar", "plain"), ("zbar", "softer"), ("zxing", "softer")):
        ballot.cast(reading("A12345B", "Codabar", engine, view))
    assert texts(ballot) == ["A12345B"]
    ballot.cast(reading("SERIAL", "DataMatrix"))
    assert texts(ballot) == ["SERIAL"]


def test_a_part_of_a_longer_reading_is_dropped_wherever_it_lies() -> None:
    ballot = Ballot()
    for view in ("plain", "equalised"):
        ballot.cast(reading("00536119", "ITF", view=view, corners=THERE))
        ballot.cast(reading("0053611912", "ITF", view=view))
    assert texts(ballot) == ["0053611912"]
    assert ballot.undecided() == []


def test_the_left_half_of_an_ean_13_is_no_upc_e() -> None:
    ballot = Ballot()
    for engine, view in (("zxing", "plain"), ("zbar", "plain"), ("zxing", "softer")):
        assert ballot.cast(reading("0161820000035", "UPCE", engine, view)) is None
    assert texts(ballot) == []


def test_what_goes_on_beside_its_reading_is_not_believed() -> None:
    ballot = Ballot()
    for view in ("plain", "equalised", "softer"):
        ballot.cast(reading("907023", "ITF", view=view))
    ballot.candidates[0].part = True
    assert texts(ballot) == []
    assert ballot.undecided() == []


def test_the_engines_spellings_of_one_code_are_one_candidate() -> None:
    ballot = Ballot()
    ballot.cast(reading("0104012345123456", "DataBarOmni", engine="zbar"))
    ballot.cast(reading("04012345123456", "DataBarOmni"))
    ballot.cast(reading("10AB\x1d21X", "Code128", engine="zbar", corners=THERE))
    ballot.cast(reading("10AB21X", "Code128", corners=THERE))
    assert [(len(one.votes), one.best.engine) for one in ballot.accepted()] == [(2, "zxing"), (2, "zxing")]


def test_too_little_text_is_not_counted() -> None:
    ballot = Ballot()
    assert ballot.cast(reading("1234", "ITF")) is None
    assert ballot.cast(reading("A1B", "Codabar")) is None
    assert ballot.candidates == []


@given(
    st.lists(
        st.builds(
            reading,
            st.sampled_from(["4006381333931", "0023942431015", "9074932437075", "123456", "12345678"]),
            st.sampled_from(["EAN13", "ITF", "Code128", "Codabar", "QRCode", "UPCE", "DataBarOmni"]),
            st.sampled_from(["zxing", "zbar"]),
            st.sampled_from(["plain", "equalised", "softer", "sharpened"]),
            st.sampled_from([HERE, THERE]),
        ),
        max_size=30,
    )
)
def test_no_two_linear_codes_are_believed_at_one_place(readings: list[Reading]) -> None:
    ballot = Ballot()
    for one in readings:
        ballot.cast(one)
    linear = [one.best.corners for one in ballot.accepted() if not one.matrix]
    assert not any(overlap(a, b) for n, a in enumerate(linear) for b in linear[n + 1 :])
