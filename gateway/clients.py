"""The services as this app reaches them; embedded and split give other carriers for the same calls."""

from __future__ import annotations

from typing import cast

from flask import current_app

from shared.service import Calls


def calls() -> Calls:
    """The calls of the app that answers this request."""
    return cast(Calls, current_app.extensions["hub_calls"])
