"""What alembic runs when it brings a house's tables up to date (tables.py): in one transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
