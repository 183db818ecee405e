"""Every refusal reaches people as a line that says what to do, never as a trace."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import IO, Any

import click

from shared.errors import HubError


class Refused(click.ClickException):
    """Exit code 1; lines after the first one say more of it."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"models-hub: {self.message}", err=True)


class HubGroup(click.Group):
    """Answers the hub's and the operating system's refusals with their message, and lists every command in full."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            for words, command in _commands(self):
                formatter.write_text(_usage(words, command))
                with formatter.indentation():
                    formatter.write_text(command.get_short_help_str(200))

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except HubError as error:
            raise Refused("\nmodels-hub: ".join(_lines(error))) from error
        except OSError as error:
            # A closed pipe is how `models-hub … | head` ends; click knows it.
            if error.errno == errno.EPIPE:
                raise
            where = f"{error.filename}: " if error.filename else ""
            raise Refused(f"{where}{error.strerror or error}; check the path and who may use it") from error


def _commands(group: click.Group, *before: str) -> Iterator[tuple[str, click.Command]]:
    """Each command with its words; a group stands for its own."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(command, *before, name)
        else:
            yield " ".join((*before, name)), command


def _usage(words: str, command: click.Command) -> str:
    """As one types it; `options_metavar` says the options in words."""
    arguments = [p.make_metavar(click.Context(command)) for p in command.params if isinstance(p, click.Argument)]
    return " ".join(filter(None, (words, *arguments, command.options_metavar)))


def _lines(error: HubError) -> Iterator[str]:
    """Settings are wrong several at once: one line each."""
    problems = error.details.get("errors", []) if error.error_slug == "invalid-settings" else []
    if problems:
        yield from (f"{problem['message']}" for problem in problems)
    else:
        yield " ".join(error.message.splitlines())
