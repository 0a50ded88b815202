"""Alembic's entry: migrations run on the connection that `sync.central.database.migrate` hands over, nothing else."""

from alembic import context

from sync.central.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
