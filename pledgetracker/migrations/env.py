"""Runs the migrations on the connection that pledgetracker.storage.schema hands over."""

from alembic import context

from pledgetracker.storage.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    # SQLite cannot alter most things in place: tables are copied instead.
    render_as_batch=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
