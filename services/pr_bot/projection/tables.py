"""pr_bot's tables. SQLite files get what is missing here; PostgreSQL gets it from the service's migrations."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Integer, MetaData, Table, Text, UniqueConstraint

METADATA = MetaData()
DUE = Table(
    "due",
    METADATA,
    Column("model", Text, primary_key=True),
    Column("since", Float, nullable=False),
    Column("next_try_at", Float, nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    # Rises with each mark: a mark that arrives while the model is worked on is not lost.
    Column("marks", Integer, nullable=False),
    Column("ask", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("correlation", Text, nullable=False),
    Column("actor", Text, nullable=False),
)
# A table of its own, because databases that have DUE already get no further columns.
DUE_TRACES = Table(
    "due_traces",
    METADATA,
    Column("model", Text, primary_key=True),
    Column("traceparent", Text, nullable=False),
)
PULL_REQUESTS = Table(
    "pull_requests",
    METADATA,
    Column("model", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("is_open", Integer, nullable=False),
    Column("branch", Text, nullable=False),
    Column("head_sha", Text, nullable=False),
)
BRANCHES = Table(
    "branches", METADATA, Column("branch", Text, primary_key=True), Column("model", Text, nullable=False, unique=True)
)
# Of personal accounts; those of the default are above.
ACCOUNT_BRANCHES = Table(
    "account_branches",
    METADATA,
    Column("branch", Text, primary_key=True),
    Column("model", Text, nullable=False),
    Column("login", Text, nullable=False),
    UniqueConstraint("model", "login"),
)
# Whose tokens may open the request, and are waited for.
OWNERS = Table(
    "owners",
    METADATA,
    Column("model", Text, primary_key=True),
    Column("person", Text, primary_key=True, index=True),
)
SEEN_HEAD = Table(
    "seen_head",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("commit_sha", Text, nullable=False),
    Column("layout", Text, nullable=False),
    Column("looked_at", Float, nullable=False),
)
SEEN_FILES = Table("seen_files", METADATA, Column("path", Text, primary_key=True), Column("blob", Text, nullable=False))
SEEN_MODELS = Table(
    "seen_models",
    METADATA,
    Column("model", Text, primary_key=True),
    Column("path", Text, nullable=False, index=True),
    Column("document_sha256", Text, nullable=False),
)
# Whose turn it is: a model's is that of who submitted it last, however many others marked it since.
SUBMITTERS = Table(
    "submitters", METADATA, Column("model", Text, primary_key=True), Column("person", Text, nullable=False)
)
SERVED = Table(
    "served",
    METADATA,
    Column("person", Text, primary_key=True),
    # Rises with each step that anybody's model had.
    Column("turn", BigInteger, nullable=False),
)
ASLEEP = Table(
    "asleep",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("until", Float, nullable=False),
    Column("because", Text, nullable=False),
)
CONTROLS = Table(
    "controls",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("paused", Integer, nullable=False),
    Column("most_open", Integer, nullable=False),
    Column("most_per_hour", Integer, nullable=False),
    Column("reason", Text, nullable=False),
)
# A table of its own, as for DUE's traces; no row: off.
BATCH_MODE = Table(
    "batch_mode",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("wanted", Integer, nullable=False),
)
# The branch of each owner's requests of several models, by account: `login` is empty for the default.
BATCHES = Table(
    "batches",
    METADATA,
    Column("branch", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("login", Text, nullable=False),
    UniqueConstraint("owner", "login"),
)
# Written before the model is put in the branch's commit, taken out once it is out of it again.
ABOARD = Table(
    "aboard",
    METADATA,
    Column("model", Text, primary_key=True),
    Column("branch", Text, nullable=False, index=True),
)
OPENED = Table(
    "opened",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False, index=True),
)
# Models whose step may open a request just now, or was killed while it might: they count as opened.
PLACES = Table("places", METADATA, Column("model", Text, primary_key=True), Column("at", Float, nullable=False))
# As the default account last heard it, in whichever process.
BUDGET = Table(
    "budget",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("calls", Integer, nullable=False),
    Column("remaining", Integer, nullable=False),
    Column("resets_at", BigInteger, nullable=False),
)
# Of these it is to be asked what people and machines said of the request, too.
HEARD = Table("heard", METADATA, Column("model", Text, primary_key=True), Column("times", Integer, nullable=False))
LOOKED_AT = Table(
    "looked_at",
    METADATA,
    Column("model", Text, primary_key=True),
    Column("updated_at", Float, nullable=False),
    Column("checks_at", Float, nullable=False),
)
UNRELEASED = Table(
    "unreleased",
    METADATA,
    Column("model", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("merge_sha", Text, nullable=False),
)
