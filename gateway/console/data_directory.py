"""What a command expects of the data directory before it touches it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from shared.config import Settings, database_urls, load
from shared.errors import Invalid, NotFound, Unavailable

_DATABASE_URL = "DATABASE_URL_"
SERVICES = ("registry", "review", "identity", "catalog", "pr_bot")


class NoHubHere(NotFound):
    slug = "no-hub-here"


def settings_here() -> Settings:
    """The settings, with the addresses of a split hub's servers: given, or of the one that runs on the data directory.

    Raises Invalid where some databases are given and others are not.
    """
    from gateway.embedded_lock import split_hub_runs

    settings = load()
    if given := database_urls():
        return replace(settings, database_urls=_all_of(given))
    if not split_hub_runs(settings):
        return settings
    lines = settings.split_env_file.read_text(encoding="utf-8").splitlines()
    said = dict(line.split("=", 1) for line in lines if "=" in line)
    urls = {
        name.removeprefix(_DATABASE_URL).lower(): value
        for name, value in said.items()
        if name.startswith(_DATABASE_URL)
    }
    return replace(settings, database_urls=urls, amqp_uri=said.get("AMQP_URI", ""))


def _all_of(given: Mapping[str, str]) -> Mapping[str, str]:
    """A service's database that is not said would silently be an SQLite file."""
    missing = [f"{_DATABASE_URL}{name.upper()}" for name in SERVICES if name not in given]
    if missing:
        raise Invalid(f"{', '.join(missing)}: expected each service's database to be set, or none; set them too")
    return given


def require_hub(settings: Settings) -> None:
    """Raises NoHubHere where no hub has ever been: a mistyped HUB_DATA_DIR must not make a new one."""
    if settings.database_urls or settings.database_file("identity").exists():
        return
    if settings.split_env_file.exists():
        raise Unavailable(
            f"data directory {settings.data_dir}: expected its split hub to run, it does not; start it: make split"
        )
    raise NoHubHere(
        f"data directory {settings.data_dir}: expected a hub's files, found none; "
        "set HUB_DATA_DIR to the hub's, or make one with: models-hub run"
    )


def require_embedded(settings: Settings, command: str) -> None:
    """Raises Unavailable where a split hub runs: its servers have tools of their own for `command`."""
    if settings.database_urls:
        raise Unavailable(
            f"{command}: this is for a hub in one process, and a split hub runs on {settings.data_dir}; "
            "use pg_dump and pg_restore on its databases, README says how"
        )


def require_split(settings: Settings, command: str) -> None:
    """Raises Invalid where the hub's databases are not said."""
    if not settings.database_urls:
        raise Invalid(
            f"{command}: expected the addresses of a split hub's databases in {_DATABASE_URL}<SERVICE>, found none; "
            "set them, or start a hub in one process: models-hub run"
        )
