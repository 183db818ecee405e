"""`models-hub`: runs the hub, works beside it on its own machine, and calls it from anywhere."""

from __future__ import annotations

import click

from gateway.console.archives import backup, restore
from gateway.console.checking import doctor
from gateway.console.maintaining import lint, pull, submit
from gateway.console.people import token, user
from gateway.console.rebuilding import rebuild
from gateway.console.refusals import HubGroup
from gateway.console.serving import first_start, import_, run


@click.group(cls=HubGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="models-hub")
def main() -> None:
    """The catalogue of Xinference models: browsed, edited, reviewed and handed out in one place.

    Settings are environment variables: README lists them. lint, submit and pull call the hub at
    HUB_URL from anywhere; everything else works on the hub's own machine, in HUB_DATA_DIR.
    """


COMMANDS = (run, first_start, import_, user, token, rebuild, backup, restore, doctor, lint, submit, pull)
for command in COMMANDS:
    main.add_command(command)

if __name__ == "__main__":
    main()
