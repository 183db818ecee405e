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
    _branches()
    _due()
    _due_traces()
    _pull_requests()
    _seen_files()
    _seen_head()
    _seen_models()


def _branches() -> None:
    op.create_table(
        "branches",
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("branch"),
        sa.UniqueConstraint("model"),
    )


def _due() -> None:
    op.create_table(
        "due",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("next_try_at", sa.Float(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("marks", sa.Integer(), nullable=False),
        sa.Column("ask", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("correlation", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("model"),
    )
    op.create_index(op.f("ix_due_next_try_at"), "due", ["next_try_at"], unique=False)


def _due_traces() -> None:
    op.create_table(
        "due_traces",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("model"),
    )


def _pull_requests() -> None:
    op.create_table(
        "pull_requests",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("is_open", sa.Integer(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("head_sha", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("model"),
    )


def _seen_files() -> None:
    op.create_table(
        "seen_files",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("path"),
    )


def _seen_head() -> None:
    op.create_table(
        "seen_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("commit_sha", sa.Text(), nullable=False),
        sa.Column("layout", sa.Text(), nullable=False),
        sa.Column("looked_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _seen_models() -> None:
    op.create_table(
        "seen_models",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("document_sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("model"),
    )
    op.create_index(op.f("ix_seen_models_path"), "seen_models", ["path"], unique=False)
