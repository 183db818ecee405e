"""The commands of `models-hub`, a room a subject; each loads what it needs when it runs."""
