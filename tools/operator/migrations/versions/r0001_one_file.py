"""The tables of release 0.1.0: one SQLite file, with the locks' keys in the clear."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    whole, big = sa.Integer(), sa.BigInteger()
    op.create_table(
        "lock",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("leases", whole, nullable=False, server_default="0"),
        sa.Column("version", big, nullable=False, server_default="0"),
        sa.Column("current", sa.LargeBinary(), nullable=False),
        sa.Column("base", big, nullable=False, server_default="0"),
        sa.Column("base_data", sa.LargeBinary(), nullable=False, server_default=""),
        sa.Column("held", big, nullable=False, server_default="0"),
    )
    op.create_table(
        "entry",
        sa.Column("state", sa.Text(), primary_key=True),
        _of_lock(),
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("data", sa.Text(), nullable=False),
    )
    op.create_table(
        "person",
        _of_lock(),
        sa.Column("digest", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
    )
    op.create_table(
        "seen",
        _of_lock(),
        sa.Column("online", whole, nullable=False),
        sa.Column("since", big, nullable=False),
    )
    op.create_table(
        "staff_entry",
        _of_lock(),
        sa.Column("number", big, primary_key=True),
        sa.Column("time", big, primary_key=True),
        sa.Column("digest", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("missed", big, nullable=False),
        sa.Column("heard", big, nullable=False),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )


def _of_lock() -> sa.Column:
    """Whose row it is; what belongs to a lock goes with it."""
    lock = sa.ForeignKey("lock.name", ondelete="cascade")
    return sa.Column("lock", sa.Text(), lock, primary_key=True, nullable=False)
