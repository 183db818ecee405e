"""When the database itself fails, as opposed to a statement that is wrong, and how that is told."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.errors import Unavailable

_SQLITE = {
    "BUSY",
    "LOCKED",
    "FULL",
    "IOERR",
    "READONLY",
    "CANTOPEN",
    "CORRUPT",
    "NOTADB",
    "NOMEM",
    "PROTOCOL",
    "INTERRUPT",
}
# Another transaction was in the way (40, 55P03), connection or server ended (08, 25P03, 57), resources (53, 58).
_POSTGRESQL = ("08", "25P03", "40001", "40P01", "53", "55P03", "57", "58")
_WITHOUT_CODE = {"OperationalError", "InterfaceError", "DatabaseError"}


def is_outage(error: BaseException) -> bool:
    """Whether the database itself fails (try again later), as opposed to a statement that is wrong."""
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    driver_error: Any = error.orig
    if hasattr(driver_error, "pgcode"):
        code: str | None = driver_error.pgcode
        # Without a code it was not the server that spoke: it could not be reached, or the connection is gone.
        return code.startswith(_POSTGRESQL) if code else type(driver_error).__name__ in _WITHOUT_CODE
    name: str = getattr(driver_error, "sqlite_errorname", "")
    return name.removeprefix("SQLITE_").split("_")[0] in _SQLITE


def unavailable(error: BaseException) -> Unavailable:
    """The outage as callers get it: what the driver said in its first line, which holds no values and no password."""
    lines = str(getattr(error, "orig", error)).splitlines() or [type(error).__name__]
    return Unavailable(f"database: expected it to answer, found {lines[0]}; try again later")
