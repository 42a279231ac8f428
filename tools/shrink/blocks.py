"""Writes `async with` out as plain code: the compiler's own code for it takes some 70 bytes more each time.

All waiting of a loan is before its block, so the block itself needs no `async`; a lock of asyncio is acquired
and released. Nothing else in the firmware has such a block, and one of another kind stays as it is.
What a loan has for `async with` itself is left out.
"""

import ast
import re
from collections.abc import Iterator

from .edits import Edit, edited, span
from .syntax import parsed, walk

_LOANS = ("Loan()", "Late()", "Brief()")  # loader.py: __aenter__ is begin(), then as `with` does
_UNUSED = ("__aenter__", "__aexit__")
_LOCK = re.compile(r"self(\.\w+)*\.(_memory|_turn|turn|_sending|_asking)")  # each an asyncio.Lock, made once


def written_out(program: str) -> str:
    """The program with each such block written out."""
    return edited(program, [edit for node in walk(parsed(program)) for edit in _edits(node)])


def _edits(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.AsyncFunctionDef) and node.name in _UNUSED:
        yield *span(node), "pass"
    if isinstance(node, ast.AsyncWith) and len(node.items) == 1 and node.items[0].optional_vars is None:
        held = node.items[0].context_expr
        what, (_, _, end_row, end_column) = ast.unparse(held), span(held)
        begin = node.lineno, node.col_offset
        if what in _LOANS:
            yield *begin, end_row, end_column, f"with await {what}.begin()"
        elif _LOCK.fullmatch(what):
            indent = " " * node.col_offset
            yield *begin, end_row, end_column, f"await {what}.acquire()\n{indent}try"
            last = node.body[-1]
            end = last.end_lineno or last.lineno, last.end_col_offset or 0
            yield *end, *end, f"\n{indent}finally: {what}.release()"
