"""Whether other programs can bind to the hub's events yet: `/readyz` promises that they can."""

from __future__ import annotations

from shared import broker
from shared.errors import Unavailable

PUBLISHING = ("registry", "review", "identity", "pr_bot")


class EventExchanges:
    """Looks until all were there once; they are durable, so no service need run for them to be there still."""

    def __init__(self, amqp_uri: str) -> None:
        self._amqp_uri = amqp_uri
        self._seen = False

    def check(self) -> None:
        """Raises Unavailable where one is missing, or the broker does not answer."""
        if self._seen:
            return
        name = ""
        try:
            connection = broker.connected(self._amqp_uri, purpose="gateway readiness")
            try:
                channel = connection.channel()
                for name in (*map(broker.exchange_name, PUBLISHING), broker.PUBLIC_EXCHANGE):
                    channel.exchange_declare(name, "topic", passive=True)
            finally:
                broker.discard(connection)
        except broker.ERRORS as error:
            raise Unavailable(
                f"exchange {name or 'of events'}: expected it in the broker, found {type(error).__name__}; "
                "it is there once the services have started"
            ) from error
        self._seen = True
