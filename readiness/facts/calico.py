"""Calico's selectors: `app == 'web' && has(tier)`, as Calico's own documentation gives their grammar.

https://docs.tigera.io/calico/latest/reference/resources/networkpolicy#selectors
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Test = Callable[[Mapping[str, str]], bool]
_TOKEN = re.compile(r"\s*(?:(&&|\|\||==|!=|!|\(|\)|\{|\}|,)|'([^']*)'|\"([^\"]*)\"|([A-Za-z0-9_./:-]+))")
_DEPTH = 50


class SelectorError(ValueError):
    """The text is no selector."""


def compiled(text: str) -> Test | None:
    """A test on labels, or None where `text` is no selector. An empty one matches everything."""
    try:
        tokens = _tokens(text)
        if not tokens:
            return lambda _labels: True
        parser = _Parser(tokens)
        test = parser.either(0)
        return test if parser.done else None
    except SelectorError:
        return None


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at, text = [], 0, text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise SelectorError(text)
        sign, single, double, word = match.groups()
        quoted = single if single is not None else double
        if sign:
            tokens.append(("sign", sign))
        else:
            tokens.append(("word", word) if quoted is None else ("text", quoted))
        at = match.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens, self._at = tokens, 0

    @property
    def done(self) -> bool:
        return self._at == len(self._tokens)

    def _take(self, *wanted: str) -> bool:
        if not self.done and self._tokens[self._at][0] != "text" and self._tokens[self._at][1] in wanted:
            self._at += 1
            return True
        return False

    def _next(self, kind: str) -> str:
        if self.done or self._tokens[self._at][0] != kind:
            raise SelectorError
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            raise SelectorError

    def either(self, depth: int) -> Test:
        tests = [self._both(depth)]
        while self._take("||"):
            tests.append(self._both(depth))
        return tests[0] if len(tests) == 1 else lambda labels: any(test(labels) for test in tests)

    def _both(self, depth: int) -> Test:
        tests = [self._one(depth)]
        while self._take("&&"):
            tests.append(self._one(depth))
        return tests[0] if len(tests) == 1 else lambda labels: all(test(labels) for test in tests)

    def _one(self, depth: int) -> Test:
        if depth > _DEPTH:
            raise SelectorError
        if self._take("!"):
            inner = self._one(depth + 1)
            return lambda labels: not inner(labels)
        if self._take("("):
            inner = self.either(depth + 1)
            self._need(")")
            return inner
        key = self._next("word")
        if key in {"all", "global", "has"} and self._take("("):
            return self._call(key)
        return self._comparison(key)

    def _call(self, name: str) -> Test:
        if name == "has":
            key = self._next("word")
            self._need(")")
            return lambda labels: key in labels
        self._need(")")
        return lambda _labels: name == "all"

    def _comparison(self, key: str) -> Test:
        if self._take("=="):
            value = self._next("text")
            return lambda labels: labels.get(key) == value
        if self._take("!="):
            value = self._next("text")
            return lambda labels: labels.get(key) != value
        negated = self._take("not")
        if self._take("in"):
            values = self._values()
            return lambda labels: (labels.get(key) in values) is not negated
        if negated:
            raise SelectorError
        operator = self._next("word")
        if operator in {"starts", "ends"} and not self._take("with"):
            raise SelectorError
        value = self._next("text")
        tests: dict[str, Test] = {
            "contains": lambda labels: value in labels.get(key, "\0"),
            "starts": lambda labels: labels.get(key, "\0").startswith(value),
            "ends": lambda labels: labels.get(key, "\0").endswith(value),
        }
        if operator not in tests:
            raise SelectorError
        return tests[operator]

    def _values(self) -> frozenset[str]:
        self._need("{")
        values = [self._next("text")]
        while self._take(","):
            values.append(self._next("text"))
        self._need("}")
        return frozenset(values)
