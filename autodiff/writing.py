"""From a graph of expressions to the text of a NumPy function that a person reads.

A value gets a line of its own when it has a name, when it is used twice, or when a line would
become long; everything else is written where it is used. What is no longer needed is freed.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count

from backproof.autodiff.dimensions import shape_text
from backproof.autodiff.expressions import Function, Value, cast_text

LONGEST = 60  # characters of an expression that is written into another one
WIDTH = 96
FREED_AT_ONCE = 3
VIEWS = {"argument", "transpose", "reshape", "slice", "squeeze", "rev", "broadcast_in_dim"}


def function_text(
    name: str,
    signature: Sequence[str],
    header: Callable[[set[str]], list[str]],
    results: Mapping[str, Value],
    returned: Callable[[Mapping[str, str]], str],
    taken: Iterable[str] = (),
) -> str:
    """Return the text of a function.

    `results` are the values to compute, by the names that they are to get, and `taken` names that
    no other value may get. `returned` makes what stands after `return` from the results' texts;
    `header` makes the first lines from the names that the rest uses.
    """
    body = _Body(results, {*signature, *taken})
    texts = {name: body.returned(value) for name, value in results.items()}
    lines = [*body.lines(), *wrapped("return ", returned(texts))]
    code = "\n".join(line.partition("#")[0] for line in lines)
    lines = [*header(set(re.findall(r"\w+", code))), *lines]
    return f"def {name}({', '.join(signature)}):\n{textwrap.indent(chr(10).join(lines), '    ')}\n"


class _Body:
    """The statements of one function."""

    def __init__(self, results: Mapping[str, Value], taken: set[str]) -> None:
        self.names: dict[Value, str] = {}
        for name, value in results.items():
            if value not in self.names and value.operation != "argument" and not value.is_python:
                self.names[value] = name
        self.kept = set(self.names)
        self.handed_out: set[Value] = set()
        live = needed_for(results.values())
        taken |= {*results, *(value.template for value in live if value.operation == "argument")}
        self.fresh = (name for name in map("t{}".format, count(1)) if name not in taken)
        self.taken = taken
        self.uses = Counter(read for value in live for read in value.inputs)
        self.parts: dict[Value, dict[int, Value]] = {}
        for value in live:
            if value.of_tuple:
                self.parts.setdefault(value.inputs[0], {})[value.axes[0]] = value
        self.inline: dict[Value, str] = {}
        self.statements: list[tuple[list[Value], list[str], set[Value]]] = []
        for value in live:
            self._write(value)

    def _write(self, value: Value) -> None:
        if value.operation == "argument" or value.of_tuple:
            return
        if value.function is not None:
            self.names[value] = name = f"step_{next(self.fresh)}"
            self.statements.append(([value], _nested(name, value.function, self.taken), set()))
            return
        text = self._text(value)
        line = value in self.names or value.kind == "tuple" or len(text) > LONGEST
        twice = self.uses[value] > 1 and value.template != "{0}.T"
        if not (line or twice) or value.is_python:
            self.inline[value] = text
            return
        view = value.operation in VIEWS and not (value.narrow and value.narrow.is_python)
        if value in self.kept and view:
            text = f"{text}.copy()"
        made = [value]
        if value.kind == "tuple":
            parts = self.parts[value]
            made = [parts[i] for i in sorted(parts)]
            for part in made:
                self._name(part)
            targets = [self.names[parts[i]] if i in parts else "_" for i in range(value.results)]
            target = ", ".join(targets) + "," * (len(targets) == 1)
        else:
            target = self._name(value)
        lines = wrapped(f"{target} = ", text, _comment(made))
        self.statements.append((made, lines, self._reads(value)))

    def _name(self, value: Value) -> str:
        if value not in self.names:
            self.names[value] = next(self.fresh)
        return self.names[value]

    def _text(self, value: Value) -> str:
        """Return the expression, with the parentheses that it needs and no others."""
        inputs = [f"({self._read(read)})" for read in value.inputs]
        text = ast.unparse(ast.parse(value.template.format(*inputs), mode="eval"))
        return text.replace("'", '"')

    def _read(self, value: Value) -> str:
        if value in self.names:
            return self.names[value]
        return self.inline.get(value, value.template)

    def _reads(self, value: Value) -> set[Value]:
        """Return the named values that an expression reads."""
        reads: set[Value] = set()
        for read in value.inputs:
            reads |= {read} if read in self.names else self._reads(read)
        return reads

    def lines(self) -> list[str]:
        """Return the statements; what nothing reads any more is freed, a few at a time."""
        last = {read: i for i, (made, _, reads) in enumerate(self.statements) for read in reads}
        lines: list[str] = []
        done: list[str] = []
        for i, (_, text, reads) in enumerate(self.statements):
            lines += text
            done += [self.names[v] for v in reads - self.kept if last[v] == i and v.shape]
            if len(done) >= FREED_AT_ONCE:
                lines.append(f"del {', '.join(sorted(done))}")
                done = []
        return lines

    def returned(self, value: Value) -> str:
        """Return how a result is handed out: nothing is given out twice, and no argument."""
        if value.is_python:
            return f"{cast_text(value.kind)}({value.template})"
        if value.operation == "argument" or value in self.handed_out:
            return f"{self._read(value)}.copy()"
        self.handed_out.add(value)
        return self._read(value)


def needed_for(results: Iterable[Value]) -> list[Value]:
    """Return all that the results need, in the order in which it was made."""
    live: set[Value] = set()
    waiting = list(results)
    while waiting:
        value = waiting.pop()
        if value not in live:
            live.add(value)
            waiting += value.inputs
    return sorted(live, key=lambda value: value.order)


def _nested(name: str, function: Function, taken: set[str]) -> list[str]:
    """Return the lines of a function within the function."""
    signature = [value.template for value in function.arguments]
    results = {f"out_{i}": value for i, value in enumerate(function.results)}

    def returned(texts: Mapping[str, str]) -> str:
        return f"({', '.join(texts.values())}{',' * (len(texts) == 1)})"

    return function_text(name, signature, lambda _: [], results, returned, taken).splitlines()


def _comment(made: Sequence[Value]) -> str:
    shapes = [shape_text(value.shape) for value in made if value.shape]
    return f"  # {', '.join(shapes)}" if shapes else ""


def wrapped(start: str, text: str, comment: str = "") -> list[str]:
    """Return `start` and `text` as lines of readable width."""
    if len(start) + len(text) <= WIDTH and "\n" not in text:
        return [f"{start}{text}{comment}"]
    kept = text.replace('": ', '":\N{NO-BREAK SPACE}')  # a key stays with its value
    lines = [
        line.replace("\N{NO-BREAK SPACE}", " ")
        for part in kept.split("\n")
        for line in textwrap.wrap(part, WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    ]
    return [f"{start}(", *(f"    {line}" for line in lines), f"){comment}"]
