"""What the first release holds."""

from __future__ import annotations

from shared.migrations import first_release

revision = "0001"
down_revision = None


def upgrade() -> None:
    first_release.cursors()
    first_release.parked()
