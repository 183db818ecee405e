"""Requests that carry several models of one owner."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "batch_mode",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "batches",
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("branch"),
        sa.UniqueConstraint("owner", "login"),
    )
    op.create_table(
        "aboard",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("model"),
    )
    op.create_index(op.f("ix_aboard_branch"), "aboard", ["branch"], unique=False)
