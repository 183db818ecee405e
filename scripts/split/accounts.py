"""What each of the split hub's accounts may touch in the broker, which is the wall between the services.

A service has its own queues and its own exchange, hears the logs that it subscribes to, and calls what
it needs of the others. Exchanges that several use are nobody's to make or to delete: the broker has
them from its definitions.
"""

from __future__ import annotations

from collections.abc import Mapping

from scripts.servers.rabbitmq import Account, Exchange, TopicRights
from shared.broker import PUBLIC_EXCHANGE, exchange_name
from shared.rpc_client import EXCHANGE as RPC

SERVICES = ("registry", "review", "identity", "catalog", "pr_bot")
OPERATOR = "hub"
GATEWAY = "gateway"
READER = "reader"
NAMES = (OPERATOR, *SERVICES, GATEWAY, READER)

SOURCES: Mapping[str, tuple[str, ...]] = {
    "registry": ("review", "pr_bot"),
    "review": ("registry",),
    "identity": ("registry", "review", "pr_bot"),
    "catalog": ("registry", "review", "identity", "pr_bot"),
    "pr_bot": ("registry", "identity"),
}
"""Whose logs a service follows, by the broker and by `read_log`."""

CALLS: Mapping[str, tuple[str, ...]] = {
    "pr_bot": ("registry.desired_state", "registry.model_access", "identity.people", "identity.sealed_github_token"),
}
"""What a service asks of others besides their logs."""

LOGS = ("registry", "review", "identity", "pr_bot")
EXCHANGES = tuple(Exchange(name) for name in (*map(exchange_name, LOGS), PUBLIC_EXCHANGE, RPC))

# A reply goes to a name that nobody can guess.
_REPLY = "[0-9a-f-]{36}"


def account(name: str, password: str) -> Account:
    """The account of a service, of the gateway, of the operator or of other programs."""
    if name == OPERATOR:
        return Account(name, password, tags=("administrator",))
    if name == READER:
        # Queues of their own, filled from the events of public models alone.
        return Account(
            name, password, configure=r"^reader\..*", write=r"^reader\..*", read=r"^(reader\..*|public\.events)$"
        )
    return _gateway(password) if name == GATEWAY else _service(name, password)


def _service(name: str, password: str) -> Account:
    own = (rf"{name}\..*", rf"rpc-{name}(\..*)?", _replies(name))
    sources = SOURCES[name]
    heard = [exchange_name(source).replace(".", r"\.") for source in sources]
    published = [PUBLIC_EXCHANGE.replace(".", r"\.")] if name in LOGS else []
    called = [*(f"{source}.read_log" for source in sources), *CALLS.get(name, ())]
    return Account(
        name,
        password,
        configure=_any(*own),
        write=_any(*own, *published, RPC),
        read=_any(*own, *heard, RPC),
        topics=(
            TopicRights(
                RPC,
                write=_any(_REPLY, *(each.replace(".", r"\.") for each in called)),
                read=_any(_REPLY, rf"{name}\..*"),
            ),
        ),
    )


def _gateway(password: str) -> Account:
    """It calls every method that people's requests lead to; logs are for services."""
    own = _replies(GATEWAY)
    called = rf"({'|'.join(SERVICES)})\.(?!read_log$)[a-z_]+"
    return Account(
        GATEWAY,
        password,
        configure=_any(own),
        write=_any(own, RPC),
        read=_any(own, RPC),
        topics=(TopicRights(RPC, write=_any(called), read=_any(_REPLY)),),
    )


def _replies(name: str) -> str:
    return rf"rpc\.reply-{name}-.*"


def _any(*patterns: str) -> str:
    return f"^({'|'.join(patterns)})$"
