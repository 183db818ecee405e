"""Pages for people: server-rendered, each task a link or a form."""

from __future__ import annotations

from flask import Blueprint

PAGES: tuple[Blueprint, ...] = ()
