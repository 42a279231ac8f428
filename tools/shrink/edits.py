"""Changes places of a program's text that were found in its syntax tree."""

import ast
from collections.abc import Iterable

Edit = tuple[int, int, int, int, str]  # row, column, end row, end column, new text; columns count bytes


def span(node: ast.stmt | ast.expr) -> tuple[int, int, int, int]:
    """Where a node stands."""
    return node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or 0


def edited(source: str, edits: Iterable[Edit]) -> str:
    """The text with all of them done; none may lie in another."""
    lines = source.encode().splitlines(keepends=True)
    for row, column, end_row, end_column, new in sorted(set(edits), reverse=True):
        before, after = lines[row - 1][:column], lines[end_row - 1][end_column:]
        lines[row - 1 : end_row] = [before + new.encode() + after]
    return b"".join(lines).decode()
