"""`python -m services.registry`: the service as a process of its own; `--help` lists its settings."""

from __future__ import annotations

import sys

from shared.green import go_green


def main() -> int:
    """The exit code. Whatever is loaded after its first line is green."""
    go_green()
    from services.registry.bootstrap import build
    from services.registry.entrypoints import SETTINGS, rpc_service
    from shared import process

    program = process.Program(name="registry", build=build, rpc=rpc_service, settings=SETTINGS)
    return process.main(program, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
