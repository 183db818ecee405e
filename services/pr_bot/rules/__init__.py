"""What a pull request says, and how what people wrote is kept from acting on the place it is said at."""

from __future__ import annotations

from services.pr_bot.rules.batch_proof import BatchProof
from services.pr_bot.rules.body import (
    BODY_CHARS,
    DIFF_CHARS,
    Account,
    batch_body_of,
    body_of,
    closing,
    cut,
    date_of,
    rejection,
    title_of,
)
from services.pr_bot.rules.inert import code, inert, quoted
from services.pr_bot.rules.proof import ForeignBytes, Proof, others

__all__ = [
    "BODY_CHARS",
    "DIFF_CHARS",
    "Account",
    "BatchProof",
    "ForeignBytes",
    "Proof",
    "batch_body_of",
    "body_of",
    "closing",
    "code",
    "cut",
    "date_of",
    "inert",
    "others",
    "quoted",
    "rejection",
    "title_of",
]
