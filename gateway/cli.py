"""`models-hub`: runs the hub, works beside it on its own machine, and calls it from anywhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from shared.config import Settings, load
from shared.errors import HubError

ROLES = ("maintainer", "reviewer", "operator")
SCOPES = ("read", "write", "admin")
TYPES = ("llm", "embedding", "rerank", "image", "audio", "video", "world")


class Refused(click.ClickException):
    """A refusal, as one line for people."""

    def show(self, file: object = None) -> None:
        click.echo(f"models-hub: {self.message}", err=True)


class HubGroup(click.Group):
    """Shows every refusal of the hub as a message, never as a trace."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except HubError as error:
            raise Refused(error.message) from error


@click.group(cls=HubGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="models-hub")
def main() -> None:
    """The catalogue of Xinference models: browsed, edited, reviewed and handed out in one place."""


@main.command()
def run() -> None:
    """Start the hub; a first start imports the catalogue and makes accounts."""
    from gateway.embedded_lock import data_directory_lock

    settings = load()
    with data_directory_lock(settings):
        _first_start(settings)
        from gateway.server import HubServer

        HubServer(settings).run()


def _first_start(settings: Settings) -> None:
    """In a process of its own: what an import needs of memory is gone when the hub serves."""
    from gateway.start_marks import is_needed

    if not is_needed(settings):
        return
    done = subprocess.run([sys.executable, "-m", "gateway.first_start"], check=False)
    if done.returncode != 0:
        raise SystemExit(done.returncode)


@main.command("import")
@click.argument("source")
def import_(source: str) -> None:
    """Import upstream's catalogue from SOURCE; repeating it changes nothing.

    SOURCE is pypi:<package>==<version>, a wheel, a directory or a bare repository.
    """
    from rich.console import Console

    from gateway.catalog_source import read_source
    from gateway.importing import import_catalogue, say_imported
    from gateway.offline import beside

    settings = load()
    found = read_source(
        source if source.startswith("pypi:") else str(Path(source).resolve()), cache_dir=settings.cache_dir
    )
    console = Console()
    with beside(settings) as calls, console.status("Importing the catalogue"):
        result = import_catalogue(calls.registry, found)
    say_imported(result, console)


@main.group()
def user() -> None:
    """Accounts, beside a running hub on its own machine."""


@user.command("add")
@click.argument("name")
@click.option("--email", required=True)
@click.option("--role", "roles", multiple=True, type=click.Choice(ROLES))
@click.option("--password-stdin", is_flag=True, required=True, help="Read the password from standard input.")
def user_add(name: str, email: str, roles: tuple[str, ...], password_stdin: bool) -> None:
    """Make the account NAME; its password comes on standard input."""
    from gateway.offline import beside, console_caller
    from shared.contracts.identity import CreateAccount
    from shared.contracts.wire import load as checked

    password = sys.stdin.readline().rstrip("\r\n")
    asked = {"login": name, "email": email, "password": password, "roles": list(roles)}
    request = checked(CreateAccount, asked)
    with beside(load()) as calls:
        person = calls.identity.create_account(request, console_caller()).person
    click.echo(f"{person.login}: {', '.join(person.roles)}")


@user.command("role")
@click.argument("name")
@click.argument("change")
def user_role(name: str, change: str) -> None:
    """Grant or revoke a role: CHANGE is +role or -role."""
    from gateway.offline import beside, console_caller
    from shared.contracts.identity import ChangeUser
    from shared.contracts.wire import load as checked

    sign, role = change[:1], change[1:]
    if sign not in "+-" or role not in ROLES:
        raise click.BadParameter(f"expected + or - and one of {', '.join(ROLES)}, found {change}", param_hint="CHANGE")
    asked = {"login": name, "add_roles" if sign == "+" else "remove_roles": [role]}
    request = checked(ChangeUser, asked)
    with beside(load()) as calls:
        person = calls.identity.change_user(request, console_caller()).person
    click.echo(f"{person.login}: {', '.join(person.roles)}")


# `user role NAME -reviewer` is an argument that looks like an option.
user_role.context_settings = {"ignore_unknown_options": True}


@main.group()
def token() -> None:
    """API tokens, beside a running hub on its own machine."""


@token.command("add")
@click.argument("name")
@click.option("--scope", required=True, type=click.Choice(SCOPES))
@click.option("--label", default="console", show_default=True)
@click.option("--days", default=0, show_default=True, help="Days until it expires, 0 for never.")
def token_add(name: str, scope: str, label: str, days: int) -> None:
    """Make an API token for NAME and print it alone on one line."""
    from gateway.offline import beside, console_caller
    from shared.contracts.identity import IssueTokenFor
    from shared.contracts.wire import load as checked

    request = checked(IssueTokenFor, {"login": name, "name": label, "scope": scope, "expires_in_days": days})
    with beside(load()) as calls:
        click.echo(calls.identity.issue_token_for(request, console_caller()).secret)


if __name__ == "__main__":
    main()
