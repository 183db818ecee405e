"""The servers that tests run on, each as one function: started at its first call, ended with pytest."""

from __future__ import annotations

from tests.support.postgresql_server import PostgresqlServer, postgresql
from tests.support.rabbitmq_server import RabbitmqServer, private_rabbitmq, rabbitmq, rabbitmq_cluster

__all__ = ["PostgresqlServer", "RabbitmqServer", "postgresql", "private_rabbitmq", "rabbitmq", "rabbitmq_cluster"]
