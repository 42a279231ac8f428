"""A house: keys sealed, leases over several doors, holidays, alarms, and a record that only grows."""

from collections import Counter

import sqlalchemy as sa
from alembic import context, op

revision = "0002"
down_revision = "0001"

_SQLITE = """
create trigger record_is_not_{what} before {doing} on record
begin select raise(abort, 'the record only grows'); end
"""
_POSTGRESQL = (
    """
create function record_only_grows() returns trigger language plpgsql as
$$ begin raise exception 'the record only grows'; end $$
""",
    """
create trigger record_stays before update or delete or truncate on record
for each statement execute function record_only_grows()
""",
)


def upgrade() -> None:
    """Make them of those of 0.1.0."""
    connection = op.get_bind()
    _tables()
    if connection.dialect.name == "sqlite":
        for what, doing in (("changed", "update"), ("shortened", "delete")):
            op.execute(_SQLITE.format(what=what, doing=doing))
    else:
        for statement in _POSTGRESQL:
            op.execute(statement)
    _seal(connection)
    _number_leases(connection)


def _tables() -> None:
    whole, big, text = sa.Integer(), sa.BigInteger(), sa.Text()
    op.add_column("lock", sa.Column("label", text))
    op.add_column("lock", sa.Column("rule", text))
    op.add_column("lock", sa.Column("reader", text))
    op.add_column("lock", sa.Column("plain_uid", whole))
    op.add_column("lock", sa.Column("checked", whole, nullable=False, server_default="1"))
    op.add_column("person", sa.Column("used", whole, nullable=False, server_default="0"))
    op.create_table(
        "lease",
        sa.Column("id", big, primary_key=True, autoincrement=False),
        sa.Column("note", text, nullable=False),
    )
    op.create_table(
        "door",
        _of_lock(),
        sa.Column("number", whole, primary_key=True, autoincrement=False),
        sa.Column("lease", big, nullable=False),
    )
    op.create_table(
        "alarm",
        _of_lock(),
        sa.Column("number", big, primary_key=True, autoincrement=False),
        sa.Column("time", big, primary_key=True, autoincrement=False),
        sa.Column("kind", text, primary_key=True),
        sa.Column("missed", big, nullable=False),
        sa.Column("heard", big, nullable=False),
        sa.Column("seen", whole, nullable=False, server_default="0"),
    )
    op.create_table(
        "holiday", sa.Column("day", text, primary_key=True), sa.Column("name", text, nullable=False)
    )
    op.create_table(
        "record",
        sa.Column("id", big, primary_key=True, autoincrement=False),
        sa.Column("at", big, nullable=False),
        sa.Column("who", text, nullable=False),
        sa.Column("said", text, nullable=False),
    )
    op.create_table(
        "undo",
        sa.Column("id", big, primary_key=True, autoincrement=False),
        sa.Column("locks", text, nullable=False),
        sa.Column("data", text, nullable=False),
    )


def _seal(connection: sa.Connection) -> None:
    seal = context.config.attributes["seal"]
    for name, key in connection.execute(sa.text("select name, key from lock")).fetchall():
        connection.execute(
            sa.text("update lock set key = :key where name = :name"),
            {"key": seal.close(name, key), "name": name},
        )


def _number_leases(connection: sa.Connection) -> None:
    """A lease gets a number in the house; at its lock it keeps the one that it has."""
    found = connection.execute(
        sa.text("select distinct lock, name from entry where kind = 'lease' order by lock, name")
    ).fetchall()
    ordered = sorted(found, key=lambda row: (row[0], int(row[1])))
    for number, (lock, own) in enumerate(ordered, 1):
        connection.execute(sa.text("insert into lease values (:id, '')"), {"id": number})
        connection.execute(
            sa.text("insert into door values (:lock, :own, :id)"),
            {"lock": lock, "own": int(own), "id": number},
        )
    zones = Counter(zone for (zone,) in connection.execute(sa.text("select zone from lock")))
    settings = {"leases": str(len(ordered))}
    if zones:
        settings["zone"] = zones.most_common(1)[0][0]
    for name, value in settings.items():
        connection.execute(
            sa.text("insert into setting values (:name, :value)"), {"name": name, "value": value}
        )


def _of_lock() -> sa.Column:
    lock = sa.ForeignKey("lock.name", ondelete="cascade")
    return sa.Column("lock", sa.Text(), lock, primary_key=True, nullable=False)
