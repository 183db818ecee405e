"""`user` and `token`: accounts, beside a running hub on its own machine, without a token."""

from __future__ import annotations

import sys

import click

from shared.config import Settings

ROLES = ("maintainer", "reviewer", "operator")
SCOPES = ("read", "write", "admin")


def _settings() -> Settings:
    from gateway.console.data_directory import require_hub, settings_here

    settings = settings_here()
    require_hub(settings)
    return settings


@click.group()
def user() -> None:
    """Accounts: add one, change its roles (on the hub's own machine)."""


@user.command("add", options_metavar="--email E [--role R]… --password-stdin")
@click.argument("name")
@click.option("--email", required=True)
@click.option("--role", "roles", multiple=True, type=click.Choice(ROLES), help="Give it once for each role.")
@click.option("--password-stdin", is_flag=True, required=True, help="Read the password from standard input.")
def user_add(name: str, email: str, roles: tuple[str, ...], password_stdin: bool) -> None:
    """Make the account NAME; its password comes on standard input."""
    settings = _settings()
    password = sys.stdin.readline().rstrip("\r\n")

    from gateway.offline import beside, console_caller
    from shared.contracts.identity import CreateAccount
    from shared.contracts.wire import load as checked

    asked = {"login": name, "email": email, "password": password, "roles": list(roles)}
    request = checked(CreateAccount, asked)
    with beside(settings, "identity") as calls:
        person = calls.identity.create_account(request, console_caller()).person
    click.echo(f"{person.login}: {', '.join(person.roles)}")


# `user role NAME -reviewer` is an argument that looks like an option.
@user.command("role", options_metavar="", context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("change", metavar="+ROLE|-ROLE")
def user_role(name: str, change: str) -> None:
    """Grant (+) or revoke (-) a role: maintainer, reviewer or operator."""
    sign, role = change[:1], change[1:]
    if sign not in ("+", "-") or role not in ROLES:
        raise click.BadParameter(
            f"expected + or - and one of {', '.join(ROLES)}, found {change}", param_hint="+ROLE|-ROLE"
        )
    settings = _settings()

    from gateway.offline import beside, console_caller
    from shared.contracts.identity import ChangeUser
    from shared.contracts.wire import load as checked

    request = checked(ChangeUser, {"login": name, "add_roles" if sign == "+" else "remove_roles": [role]})
    with beside(settings, "identity") as calls:
        person = calls.identity.change_user(request, console_caller()).person
    click.echo(f"{person.login}: {', '.join(person.roles)}")


@click.group()
def token() -> None:
    """API tokens: add one for an account (on the hub's own machine)."""


@token.command("add", options_metavar="--scope read|write|admin [--label L] [--days N]")
@click.argument("name")
@click.option("--scope", required=True, type=click.Choice(SCOPES))
@click.option("--label", default="console", show_default=True, help="What the User Center shows it as.")
@click.option("--days", default=0, show_default=True, help="Days until it expires, 0 for never.")
def token_add(name: str, scope: str, label: str, days: int) -> None:
    """Make an API token for the account NAME and print it alone on one line."""
    settings = _settings()

    from gateway.offline import beside, console_caller
    from shared.contracts.identity import IssueTokenFor
    from shared.contracts.wire import load as checked

    request = checked(IssueTokenFor, {"login": name, "name": label, "scope": scope, "expires_in_days": days})
    with beside(settings, "identity") as calls:
        click.echo(calls.identity.issue_token_for(request, console_caller()).secret)
