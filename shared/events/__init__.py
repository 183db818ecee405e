"""The facts services tell each other: pure dataclasses, one module per owning service.

Each module exports `EVENTS` (wire name -> class, newest versions) and `UPCASTERS` (older wire
name -> function from its data to `(newer wire name, newer data)`).
"""

from __future__ import annotations


def wire_names(service: str, *events: type) -> dict[str, type]:
    """{"hub.<service>.<Class>.v<k>": class}; `k` is the class's `VERSION`, 1 where it has none."""
    return {f"hub.{service}.{event.__name__}.v{getattr(event, 'VERSION', 1)}": event for event in events}
