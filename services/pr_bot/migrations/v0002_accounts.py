"""Who owns the models, and what personal accounts call their branches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "account_branches",
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("branch"),
        sa.UniqueConstraint("model", "login"),
    )
    op.create_table(
        "owners",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("model", "person"),
    )
    op.create_index(op.f("ix_owners_person"), "owners", ["person"], unique=False)
