"""Pages for people: server-rendered, each task a link or a form."""

from __future__ import annotations

from flask import Blueprint

from gateway.routes.pages import browse, detail, docs, pulls, sign_in

PAGES: tuple[Blueprint, ...] = (browse.blueprint, detail.blueprint, docs.blueprint, pulls.blueprint, sign_in.blueprint)
