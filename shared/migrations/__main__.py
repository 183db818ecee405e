"""`python -m shared.migrations <service>`: on the database in DATABASE_URL."""

from __future__ import annotations

import sys

from shared.config import load
from shared.errors import HubError
from shared.migrations import migrate


def main(arguments: list[str]) -> int:
    """The exit code: 0 done, 1 failed, 2 for a wrong command line."""
    if len(arguments) != 1:
        sys.stderr.write("usage: DATABASE_URL=postgresql://… python -m shared.migrations <service>\n")
        return 2
    try:
        versions = migrate(arguments[0], load().database_url)
    except HubError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    sys.stdout.write(f"{arguments[0]}: {', '.join(versions) or 'nothing to do'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
