"""Brings a service's PostgreSQL schema to what its code expects: `python -m shared.migrations <service>`.

A service's `migrations/` holds numbered Alembic versions and names the METADATA that they make. They only ever add
(tables, columns with a default or that may be empty, indexes), so the version before goes on serving while, and after,
they run. SQLite files need none: the program that opens one makes what is missing.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from shared.database.outages import is_outage, unavailable
from shared.errors import Invalid

_HERE = Path(__file__).parent
_LOCK = 0x4D6967726174696F
_WAITS_FOR_ANOTHER_S = 60
# A change of a table waits for those who use it, and whoever comes later waits behind it: not for long.
_WAITS_FOR_TABLE_S = 4
# Text sorts by its bytes, as in SQLite: pages and lists are the same in both modes.
_SORTS_BY_BYTES = "SELECT 'B' < 'a' AND 'Z' < '_' AND '_' < 'a'"
# Alembic keeps the context of the command that runs in its module.
_one_at_a_time = threading.Lock()


def migrate(service: str, url: str) -> list[str]:
    """The schema is the newest this program knows; answers the versions applied just now, oldest first.

    Safe to run twice, by several processes at once, and while the service runs. A schema of a newer
    program is left as it is. Raises Invalid for what a person must correct, Unavailable for what may pass.
    """
    package = _package_of(service)
    if make_url(url).get_backend_name() == "sqlite":
        return []
    with _one_at_a_time, _connected(url) as connection:
        _require_bytewise(connection)
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        connection.execute(text(f"SET lock_timeout = '{_WAITS_FOR_TABLE_S}s'"))
        connection.commit()
        config = _config(package, connection)
        known = _known(config)
        before = applied(connection)
        if before is not None and before not in known:
            return []
        command.upgrade(config, "head")
        connection.commit()
        return known[known.index(before) + 1 if before else 0 :]


def applied(connection: Connection) -> str | None:
    """The newest version that was applied, None where none was."""
    return MigrationContext.configure(connection).get_current_revision()


def metadata_of(service: str) -> Sequence[MetaData]:
    """What the service's code expects to find."""
    metadata: Sequence[MetaData] = _package_of(service).METADATA
    return metadata


def _package_of(service: str) -> ModuleType:
    try:
        return importlib.import_module(f"services.{service}.migrations")
    except ModuleNotFoundError as error:
        raise Invalid(f"migrate: expected the name of a service with migrations, found {service!r}") from error


def _config(package: ModuleType, connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("version_locations", str(Path(str(package.__file__)).parent))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    config.attributes["metadata"] = package.METADATA
    return config


def _known(config: Config) -> list[str]:
    """Oldest first."""
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def _require_bytewise(connection: Connection) -> None:
    if not connection.scalar(text(_SORTS_BY_BYTES)):
        raise Invalid(
            "database: expected one that sorts text by its bytes, found another collation; make it with: "
            "CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"
        )


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg2"),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"connect_timeout": 5, "options": f"-c lock_timeout={_WAITS_FOR_ANOTHER_S}s"},
    )
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        if is_outage(error):
            raise unavailable(error) from error
        raise
