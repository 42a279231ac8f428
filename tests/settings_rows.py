"""The rows of firmware/settings.py, read without running it: a row has nothing but plain values."""

import ast

from tests.static.helpers.sources import FIRMWARE


def settings_rows() -> dict[str, tuple]:
    """(name in the file, default, kind, bounds ...) by attribute, in order; a default may be "needed"."""
    rows: dict[str, tuple] = {}
    for node in ast.walk(ast.parse((FIRMWARE / "settings.py").read_text())):
        match node:
            case ast.AnnAssign(ast.Name(attribute), _, ast.Call(ast.Name("row"), arguments)):
                rows[attribute] = tuple(map(_plain, arguments))
    return rows


def _plain(node: ast.expr) -> object:
    if isinstance(node, ast.Name):
        return 1000 if node.id == "_MS" else node.id.lower()
    return ast.literal_eval(node)
