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
    _names()
    _owners()


def _names() -> None:
    op.create_table(
        "names",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _owners() -> None:
    op.create_table(
        "owners",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", "owner"),
    )
    op.create_index(op.f("ix_owners_owner"), "owners", ["owner"], unique=False)
