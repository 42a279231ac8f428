"""Parses programs, each once: every step goes through all of them, and most steps change few."""

import ast
import contextlib
import functools
import gc
import io
import re
import tokenize
from bisect import bisect
from collections.abc import Iterator, Sequence

_KEPT = 2000  # programs: all texts of one build, and what the next has in common with it
_LEAVES = {
    "ctx",
    "id",
    "kind",
    "n",
    "op",
    "ops",
    "s",
    "type_comment",
}  # fields that hold no more of a program
_Token = tuple[str, tuple[int, int], str]
_FORMATTED = re.compile(r"\b([fFtT][rR]?|[rR][fFtT])[\"']")
_TOKENS = re.compile(
    r"""\#[^\n]*
    | (?:[bBuU]?[rR]?|[rR][bB])(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}
        |"(?:\\.|[^\\"\n])*"|'(?:\\.|[^\\'\n])*')
    | (?P<name>[^\W\d]\w*)
    | 0[xXoObB]\w+ | \d[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?[\d_]+)?[jJ]?
    | \.{3} | \S""",
    re.VERBOSE | re.DOTALL,
)


@functools.lru_cache(_KEPT)
def parsed(program: str) -> ast.Module:
    """The tree of a program, which nobody may change. Raises SyntaxError."""
    return ast.parse(program)


@functools.lru_cache(_KEPT)
def tokens(program: str) -> Sequence[_Token]:
    """All that could be a name in a program: the word, its row and column, and the token before it.

    As Python's own tokenizer finds them, which is asked itself only where there are formatted texts.
    """
    if _FORMATTED.search(program):
        return _by_tokenizer(program)
    lines = [0, *(found.end() for found in re.finditer("\n", program))]
    found: list[_Token] = []
    before = ""
    for token in _TOKENS.finditer(program):
        word, start = token[0], token.start()
        if token.lastgroup:
            row = bisect(lines, start)
            found.append((word, (row, start - lines[row - 1]), before))
        before = word
    return found


def _by_tokenizer(program: str) -> Sequence[_Token]:
    every = list(tokenize.generate_tokens(io.StringIO(program).readline))
    return [
        (token.string, token.start, before)
        for before, token in zip(["", *(token.string for token in every)], every, strict=False)
        if token.type == tokenize.NAME
    ]


def walk(top: ast.AST) -> Sequence[ast.AST]:
    """What ast.walk gives, but operators and contexts; it is kept with the node."""
    kept = top.__dict__.get("_walked")
    if kept is None:
        kept = top.__dict__["_walked"] = [top]
        for node in kept:  # it grows meanwhile
            for field in _fields(type(node)):
                value = getattr(node, field, None)
                if isinstance(value, ast.AST):
                    kept.append(value)
                elif isinstance(value, list):
                    kept += [part for part in value if isinstance(part, ast.AST)]
    return kept


@functools.cache
def _fields(kind: type[ast.AST]) -> Sequence[str]:
    """The fields of nodes of a kind that may hold other nodes."""
    if kind in (ast.Constant, ast.alias, ast.Global, ast.Nonlocal):
        return ()
    plain = "arg" if kind in (ast.arg, ast.keyword) else "attr" if kind is ast.Attribute else ""
    return tuple(field for field in kind._fields if field not in _LEAVES and field != plain)


@contextlib.contextmanager
def growing() -> Iterator[None]:
    """Trees are kept: a collector that looks for garbage among them takes more time than all else."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
