"""Pages for people: server-rendered, each task a link or a form."""

from __future__ import annotations

from flask import Blueprint

from gateway.routes.pages import (
    access,
    badges,
    browse,
    detail,
    docs,
    live_form,
    mine,
    operations,
    people,
    pulls,
    register,
    reviews,
    settings,
    sign_in,
    user_center,
)

PAGES: tuple[Blueprint, ...] = (
    browse.blueprint,
    detail.blueprint,
    badges.blueprint,
    docs.blueprint,
    pulls.blueprint,
    sign_in.blueprint,
    register.blueprint,
    live_form.blueprint,
    settings.blueprint,
    access.blueprint,
    mine.blueprint,
    user_center.blueprint,
    reviews.blueprint,
    operations.blueprint,
    people.blueprint,
)
