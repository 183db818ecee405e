"""Prints what happens to public models: AMQP_URI=amqp://reader:…@host:5672/ python consume_events.py"""

import collections
import json
import os
import sys
import time

from kombu import Connection, Exchange, Queue

QUEUE = Queue(
    "my-program",  # your own: it keeps what is published while you are away
    Exchange("public.events", type="topic", no_declare=True),
    routing_key="#",  # or one event alone, such as ModelPublished
    queue_arguments={"x-queue-type": "quorum", "x-max-length": 100_000},
)
seen = collections.OrderedDict()  # yours belongs into a database, in one transaction with what you do


def handle(message):
    event = json.loads(message.body)
    if event["id"] not in seen:
        print(event["time"], event["type"], event["subject"], flush=True)
        seen[event["id"]] = True
        if len(seen) > 10_000:
            seen.popitem(last=False)
    message.ack()  # last: what is not acknowledged comes again


while True:
    connection = Connection(os.environ["AMQP_URI"], heartbeat=10, connect_timeout=5)
    try:
        connection.connect()
        with connection.Consumer(QUEUE, on_message=handle):
            while True:
                try:
                    connection.drain_events(timeout=2)
                except TimeoutError:
                    connection.heartbeat_check()
    except (*connection.connection_errors, *connection.channel_errors) as error:
        print(f"broker: {error}; connecting again", file=sys.stderr, flush=True)
        time.sleep(1)
    finally:
        connection.collect(socket_timeout=1)
