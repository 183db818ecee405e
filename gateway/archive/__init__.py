"""Backups: all of a hub's data in one file, taken in one cut beside the running hub, and put back whole."""
