"""The language of a bulletin's condition: when does a pattern speak of the item in hand? Small, safe, three-valued.

    batch in ("L2401", "L2402") and expiry > 2027-12-31
    declared_origin != "JP" or not known(serial)
    serial matches "9[0-9]{6}" and found("text.differs")

Words: `and`, `or`, `not`, brackets; a field compared with `=`, `!=`, `<`, `<=`, `>`, `>=`, `in (...)`,
`contains "..."`, `matches "RE2"` (the whole value, as it stands); `known(field)`, `found("finding.code")`. Values:
"text", whole or decimal numbers, days as 2026-12-31. Text is compared NFKC and case folded. Nothing else exists: no
arithmetic, no loops, no names but FIELDS; a condition has 1,000 characters at most, so that its work is bounded.

A field that is not known, or a finding of a check that did not run or had nothing to compare (no origin is declared:
`found("consignment.origin")`), makes a comparison neither true nor false (Kleene's strong three-valued logic, as in
SQL): a condition that cannot be decided never accuses.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

from edge.serial_rule import fits, require_rule

Value: TypeAlias = str | float | date
Answer: TypeAlias = bool | None  # None: it cannot be decided
MOST_CHARACTERS = 1000
_DEEPEST = 20
_LATER = frozenset(  # findings that rest on the bulletins
    {"bulletin.applies", "bulletin.matches", "bulletin.undecided", "registry.clock_alone", "product.nothing_checked"}
)

# What a condition may ask for, and the type of its value.
FIELDS: Mapping[str, type] = MappingProxyType(
    {
        "serial": str,
        "batch": str,
        "expiry": date,
        "symbology": str,
        "declared_description": str,
        "declared_brand": str,
        "declared_origin": str,
        "declared_hs": str,
        "declared_category": str,
        "declared_quantity": float,
        "declared_unit_value": float,
        "declared_currency": str,
        "declared_net_g": float,
        "document_type": str,
        "platform": str,
        "consignor_country": str,
        "consignee_country": str,
    }
)

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})(?![\w.-])|(?P<number>[0-9]+(?:\.[0-9]+)?)(?![\w.-])|"(?P<text>[^"\n]*)"(?!\w)
    |(?P<word>[a-z_]+)(?!\w)|(?P<sign>!=|<=|>=|[=<>(),])
    )""",
    re.VERBOSE,
)
_ORDERS: Mapping[str, Callable[[Value, Value], bool]] = MappingProxyType(
    {
        "=": lambda mine, given: mine == given,
        "!=": lambda mine, given: mine != given,
        "<": lambda mine, given: mine < given,  # type: ignore[operator]
        "<=": lambda mine, given: mine <= given,  # type: ignore[operator]
        ">": lambda mine, given: mine > given,  # type: ignore[operator]
        ">=": lambda mine, given: mine >= given,  # type: ignore[operator]
    }
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an item in hand: fields by name (absent: not known), and the codes of what was found.

    `unasked` are the codes of findings that nobody looked for: that they were not found says nothing.
    """

    values: Mapping[str, Value]
    found: AbstractSet[str] = frozenset()
    unasked: AbstractSet[str] = frozenset()


Judge: TypeAlias = Callable[[Facts], Answer]


class ConditionError(ValueError):
    """A text is no condition. Its message says where, what was expected and what came."""


def holds(condition: str, facts: Facts) -> Answer:
    """Whether `condition` holds of `facts`; "" always does, None: it cannot be decided.

    Raises:
        ConditionError: it is no condition.
    """
    return True if not condition.strip() else _compiled(condition)[0](facts)


def require_condition(condition: str) -> frozenset[str]:
    """The finding codes that a condition asks for.

    Raises:
        ConditionError: it is no condition: what came, where, and what was expected.
    """
    return _compiled(condition)[1] if condition.strip() else frozenset()


def folded(text: str) -> str:
    """A text as it is compared: NFKC, case folded, blanks as one."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@lru_cache(maxsize=512)
def _compiled(condition: str) -> tuple[Judge, frozenset[str]]:
    if len(condition) > MOST_CHARACTERS:
        raise ConditionError(f"expected at most {MOST_CHARACTERS} characters, got {len(condition)}")
    parser = _Parser(condition)
    judge = parser.either(0)
    parser.end()
    return judge, frozenset(parser.codes)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # "day", "number", "text", "word", "sign", "end"
    text: str
    at: int


class _Parser:
    """Recursive descent over the tokens of one condition."""

    def __init__(self, condition: str) -> None:
        """Read its tokens."""
        self._tokens = list(_tokens(condition))
        self._next = 0
        self.codes: set[str] = set()  # of findings that it asks for

    def either(self, depth: int) -> Judge:
        """Parts joined by "or"."""
        parts = [self._both(depth)]
        while self._took("word", "or"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else lambda facts: _any(one(facts) for one in parts)

    def end(self) -> None:
        """Refuse anything more."""
        if self._peek.kind != "end":
            raise self._wrong("and, or, or the end")

    def _both(self, depth: int) -> Judge:
        parts = [self._one(depth)]
        while self._took("word", "and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else lambda facts: _every(one(facts) for one in parts)

    def _one(self, depth: int) -> Judge:
        if depth > _DEEPEST:
            raise self._wrong(f"at most {_DEEPEST} brackets or nots in one another")
        if self._took("word", "not"):
            judge = self._one(depth + 1)
            return lambda facts: _not(judge(facts))
        if self._took("sign", "("):
            judge = self.either(depth + 1)
            self._require("sign", ")")
            return judge
        return self._said()

    def _said(self) -> Judge:
        if self._took("word", "known"):
            field = self._bracketed(self._field)
            return lambda facts: field in facts.values
        if self._took("word", "found"):
            code = str(self._bracketed(self._code))
            self.codes.add(code)
            return lambda facts: True if code in facts.found else None if code in facts.unasked else False
        return self._compared(self._field())

    def _compared(self, field: str) -> Judge:
        kind, token = FIELDS[field], self._peek
        if token.kind == "sign" and token.text in _ORDERS:
            if kind is str and token.text not in ("=", "!="):
                raise self._wrong(f"= or != of the text {field}")
            self._next += 1
            order, given = _ORDERS[token.text], self._value(kind)
            return _on(field, lambda mine: order(mine, given))
        if self._took("word", "in"):
            choices = frozenset(self._listed(kind))
            return _on(field, lambda mine: mine in choices)
        if kind is str and self._took("word", "contains"):
            part = self._telling_text()
            return _on(field, lambda mine: part in str(mine))
        if kind is str and self._took("word", "matches"):
            return self._matching(field)
        raise self._wrong("a comparison" if kind is str else "=, !=, <, <=, >, >= or in")

    def _matching(self, field: str) -> Judge:
        pattern = self._require("text").text
        try:
            require_rule(pattern)
        except ValueError as error:
            raise ConditionError(f"expected a pattern of RE2, got {pattern!r}: {error}") from None
        return lambda facts: fits(pattern, str(facts.values[field])) if field in facts.values else None

    def _listed(self, kind: type) -> list[Value]:
        self._require("sign", "(")
        values = [self._value(kind)]
        while self._took("sign", ","):
            values.append(self._value(kind))
        self._require("sign", ")")
        return values

    def _bracketed(self, inner: Callable[[], Value]) -> Value:
        self._require("sign", "(")
        found = inner()
        self._require("sign", ")")
        return found

    def _field(self) -> str:
        if self._peek.text not in FIELDS or self._peek.kind != "word":
            raise self._wrong(f"one of {', '.join(FIELDS)}, known(...) or found(...)")
        return self._require("word").text

    def _code(self) -> str:
        if self._peek.text in _LATER or self._peek.text.startswith("together."):
            raise self._wrong("a finding that is made before the bulletins are asked")
        return str(self._value(str))

    def _telling_text(self) -> str:
        if self._peek.kind == "text" and not folded(self._peek.text):
            raise self._wrong("a text that is not empty")
        return str(self._value(str))

    def _value(self, kind: type) -> Value:
        if kind is date:
            token = self._require("day")
            try:
                return date.fromisoformat(token.text)
            except ValueError:
                raise ConditionError(
                    f"expected a day as 2026-12-31 at character {token.at}, got {token.text}"
                ) from None
        return float(self._require("number").text) if kind is float else folded(self._require("text").text)

    @property
    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _took(self, kind: str, text: str) -> bool:
        if (self._peek.kind, self._peek.text) != (kind, text):
            return False
        self._next += 1
        return True

    def _require(self, kind: str, text: str = "") -> _Token:
        token = self._peek
        if token.kind != kind or (text and token.text != text):
            raise self._wrong(
                text or {"day": "a day as 2026-12-31", "number": "a number", "text": 'a "text"'}.get(kind, kind)
            )
        self._next += 1
        return token

    def _wrong(self, expected: str) -> ConditionError:
        came = "the end" if self._peek.kind == "end" else self._peek.text or '""'
        return ConditionError(f"expected {expected} at character {self._peek.at}, got {came}")


def _tokens(condition: str) -> list[_Token]:
    found, at = [], 0
    while at < len(condition.rstrip()):
        match = _TOKEN.match(condition, at)
        if match is None or match.lastgroup is None:
            raise ConditionError(
                f"expected a word, a value or a sign at character {at + 1}, got {condition[at : at + 10]!r}"
            )
        begins = match.end() - len(match[0].lstrip())
        found.append(_Token(match.lastgroup, match[match.lastgroup], begins + 1))
        at = match.end()
    return [*found, _Token("end", "", len(condition) + 1)]


def _on(field: str, judge: Callable[[Value], bool]) -> Judge:
    """A judgement of one field; None while it is not known."""

    def of(facts: Facts) -> Answer:
        mine = facts.values.get(field)
        return None if mine is None else judge(folded(mine) if isinstance(mine, str) else mine)

    return of


def _any(answers: Iterable[Answer]) -> Answer:
    told = list(answers)
    return True if True in told else None if None in told else False


def _every(answers: Iterable[Answer]) -> Answer:
    told = list(answers)
    return False if False in told else None if None in told else True


def _not(answer: Answer) -> Answer:
    return None if answer is None else not answer
