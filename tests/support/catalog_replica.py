"""One replica of catalog in a process of its own, over a history's logs, until it is killed.

python -m tests.support.catalog_replica <folder of the logs> <database URL> <seed>

It reads all the time, and builds a new generation now and then; what it could not answer ends it with 1.
"""

from __future__ import annotations

import random
import sys
import time
from contextlib import closing
from pathlib import Path

from shared.contracts import catalog as contract
from shared.contracts.common import Empty
from shared.database import Database
from shared.errors import Unavailable
from tests.support.catalog import ANONYMOUS, OPERATOR, CatalogUnderTest
from tests.support.histories import History


def main() -> None:
    folder, url, seed = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    chance = random.Random(seed)
    with (
        closing(History(folder)) as history,
        closing(Database(url, durable=False, serial=True)) as database,
    ):
        catalog = CatalogUnderTest(history, database, replicated=True)
        catalog.generations.start()
        print("serves", flush=True)
        while True:
            time.sleep(0.02)
            try:
                catalog.application.models(contract.FindModels(), ANONYMOUS)
            except Unavailable:
                continue
            if chance.random() < 0.02:
                catalog.application.rebuild(Empty(), OPERATOR)


if __name__ == "__main__":
    main()
