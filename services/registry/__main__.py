"""`python -m services.registry`: the service as a process of its own; `--help` lists its settings."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from shared.green import go_green

if TYPE_CHECKING:
    from shared.process import Program


def program() -> Program:
    """What the process is made of; to be called once all is green."""
    from services.registry.bootstrap import build
    from services.registry.entrypoints import SETTINGS, rpc_service
    from shared import process

    return process.Program(name="registry", build=build, rpc=rpc_service, settings=SETTINGS)


def main() -> int:
    """The exit code. Whatever is loaded after its first line is green."""
    go_green()
    from shared import process

    return process.main(program(), sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
