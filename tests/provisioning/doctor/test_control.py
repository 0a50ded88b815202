"""The control barcode: printed, read back, and every known fault of a scanner told from what arrives."""

from __future__ import annotations

import os
import pty
import termios
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.examination import State
from edge.keyboard_layouts import MEANT, arrived
from edge.scanner_faults import REPLACEMENTS
from edge.settings import Settings
from provisioning.demo import symbols
from provisioning.doctor import control, listen

SENT = control.IDENTIFIER + control.TEXT


def test_the_printed_symbol_holds_every_kind_of_character_that_a_scanner_may_mangle() -> None:
    assert "\x1d" in control.TEXT
    assert {"y", "z", "Y", "Z", "a" if "a" in control.TEXT else "o", "0", ":", "_", "'", '"', "&"} <= set(control.TEXT)
    assert symbols.gs1_datamatrix(control.ELEMENTS).shape == (32, 32)
    assert control.sheet().pdf() == control.sheet().pdf()


def test_what_arrives_as_printed_is_good() -> None:
    sign = control.judged(SENT + "\r")
    assert (sign.state, sign.value, sign.todo) == (State.GOOD, "as printed; end CR", "")


@pytest.mark.parametrize("layout", sorted(MEANT))
@pytest.mark.parametrize("capslock", [False, True])
def test_each_keyboard_layout_is_told_with_and_without_caps_lock(layout: str, capslock: bool) -> None:  # noqa: FBT001 - a parameter of the test
    came = arrived(SENT, layout)
    found = control.heard((came.swapcase() if capslock else came) + "\r\n")
    assert found is not None
    assert (found.layout, found.capslock, found.separator, found.identifier, found.end) == (
        layout,
        capslock,
        "\x1d",
        True,
        "CR LF",
    )


@pytest.mark.parametrize("separator", REPLACEMENTS)
def test_what_comes_for_the_separator_is_told(separator: str) -> None:
    found = control.heard(SENT.replace("\x1d", separator) + "\r")
    assert found is not None
    assert found.separator == separator


@pytest.mark.parametrize(
    ("came", "state", "value"),
    [
        (SENT.replace("\x1d", "") + "\r", State.BROKEN, "the group separator 0x1D is lost; end CR"),
        (control.TEXT + "\r", State.LOOK, "no symbology identifier; end CR"),
        (SENT, State.LOOK, "nothing ends a message"),
        (f"P1{SENT}X\t", State.LOOK, "it adds characters; prefix 'P1'; suffix 'X'; end TAB"),
        (SENT.swapcase() + "\n", State.LOOK, "caps lock turns capitals and small letters round; end LF"),
        ("96385074\r", State.BROKEN, "got '96385074\\r'"),
        ("", State.UNKNOWN, "nothing came"),
    ],
)
def test_each_fault_is_told_and_what_to_set(came: str, state: State, value: str) -> None:
    sign = control.judged(came)
    assert (sign.state, sign.value) == (state, value)
    assert sign.todo


def test_full_width_letters_of_an_input_method_are_told() -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in SENT)
    sign = control.judged(wide + "\r")
    assert (sign.state, sign.value) == (State.BROKEN, "an input method makes full-width letters; end CR")


def test_a_reader_that_cuts_the_end_off_is_not_blamed_for_its_lack() -> None:
    assert control.judged(SENT, framed=True).state is State.GOOD


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    assert control.judged(text).state in State


def test_a_terminal_gives_every_byte_as_it_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    cable, terminal = pty.openpty()

    def scans() -> None:
        while termios.tcgetattr(terminal)[3] & termios.ICANON:  # until it is listened to
            time.sleep(0.01)
        os.write(cable, (SENT + "\r").encode())

    scanner = threading.Thread(target=scans)
    scanner.start()
    try:
        assert listen._typed(terminal, 20.0) == (SENT + "\r").encode()
    finally:
        scanner.join()
        os.close(cable)
        os.close(terminal)
    with open(os.devnull) as nothing:  # noqa: PTH123 - a device
        monkeypatch.setattr("provisioning.doctor.listen.STDIN", nothing.fileno())
        assert listen.arrived(Settings(), 0.1) == ("", False)
