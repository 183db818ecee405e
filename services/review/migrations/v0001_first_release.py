"""What the first release holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.migrations import first_release

revision = "0001"
down_revision = None


def upgrade() -> None:
    first_release.events()
    first_release.cursors()
    first_release.parked()
    first_release.answers()
    first_release.commands()
    first_release.relay()
    _owners()


def _owners() -> None:
    op.create_table(
        "owners",
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("model_id", "person"),
    )
