"""The settings of a lock that was told its name and its key, and what a test tells it beside."""

import json

from settings import parse

KEY = bytes(range(32))


def settings(**groups):
    """Those of a /config.json with these groups, such as cards={"plain_uid": True}."""
    return parse(json.dumps(dict(groups, lock="demo", key="".join("%02x" % byte for byte in KEY))))
