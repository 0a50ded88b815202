"""Which pictures a row names, and which of them may show whose parcel it is."""

from __future__ import annotations

from typing import Any

from edge.pictures import Named, named_pictures


def kept(name: str, role: str) -> dict[str, str]:
    return {"sha256": name * 64, "media_type": "image/jpeg", "role": role}


def body(*captured: dict[str, str], pictures: tuple[dict[str, str], ...] = (), region: Any = None) -> dict[str, Any]:
    comparison = {"pictures": pictures, "regions": [{"picture": region}]}
    return {"assessment": {"seen": {"captures": [{"kept": captured}], "comparisons": [comparison]}}}


def test_crops_of_captures_faces_and_regions_are_named_and_the_registrys_own_picture_is_not() -> None:
    told = body(kept("a", "symbol"), pictures=(kept("b", "face"), kept("c", "registered")), region=kept("d", "region"))
    assert [(one.sha256[0], one.role, one.nominal) for one in named_pictures(told)] == [
        ("a", "symbol", True),
        ("b", "face", False),
        ("d", "region", False),
    ]


def test_a_role_that_is_not_known_is_nominal() -> None:
    (named,) = named_pictures(body(kept("a", "portrait")))
    assert named.nominal


def test_a_picture_in_two_roles_is_named_once_and_is_nominal_when_one_of_them_is() -> None:
    for first, second in (("face", "symbol"), ("symbol", "face")):
        (named,) = named_pictures(body(kept("a", first), kept("a", second)))
        assert named == Named("a" * 64, "image/jpeg", "symbol")


def test_a_row_without_an_assessment_names_none() -> None:
    assert named_pictures({"disposition": {}}) == ()
    assert named_pictures(body()) == ()
