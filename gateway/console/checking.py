"""`doctor`."""

from __future__ import annotations

import click


@click.command(options_metavar="")
def doctor() -> None:
    """Compare everything the hub holds with its logs, also while it runs; exit code 1 where it differs."""
    from gateway.console.data_directory import require_hub, settings_here

    settings = settings_here()
    require_hub(settings)

    from gateway.embedded import examine
    from gateway.offline import log_to_stderr

    log_to_stderr()
    failed = 0
    for check in examine(settings):
        click.echo(f"{'differs' if check.differs else 'ok':8}{check.subject}")
        for said in check.differs:
            click.echo(f"          {said}")
        failed += bool(check.differs)
    if failed:
        click.echo(f"{failed} checks differ", err=True)
        raise SystemExit(1)
