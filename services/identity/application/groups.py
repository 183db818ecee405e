"""Groups with access to enterprise models."""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping, delete, select

from services.identity.application.base import IdentityBase, require_operator
from services.identity.projection import GROUPS, MEMBERS
from services.identity.tokens import new_id
from shared.contracts import identity as api
from shared.contracts.common import Caller, Empty
from shared.errors import Conflict, Invalid, NotFound
from shared.events import identity as facts
from shared.idempotency import idempotent


class GroupUseCases(IdentityBase):
    """What operators do with groups; owners may read them to share a model."""

    def groups(self, request: Empty, caller: Caller) -> api.Groups:
        with self.rows.database.read() as connection:
            rows = list(connection.execute(select(GROUPS).order_by(GROUPS.c.name_key)).mappings())
            items = [self._group(connection, row, with_members=caller.has("operator")) for row in rows]
        return api.Groups(items=items, total=len(items))

    @idempotent(keeps_answer=False)
    def create_group(self, request: api.CreateGroup, caller: Caller) -> api.GroupAnswer:
        require_operator(caller)
        key = request.name.lower()
        with self.rows.database.write() as connection:
            row = self._by(connection, name_key=key)
            if row is not None:
                if earlier := self.already(caller):
                    return self._group_answer(connection, row, earlier[-1].position)
                raise Conflict(f"group {request.name}: there is one already; choose another name", slug="group-exists")
            group_id = new_id()
            connection.execute(GROUPS.insert().values(id=group_id, name=request.name, name_key=key))
            changed = facts.GroupChanged(group_id=group_id, name=request.name, added=(), removed=())
            position = self.tell_group(connection, group_id, [changed], caller=caller)
        group = api.Group(id=group_id, name=request.name)
        return api.GroupAnswer(group=group, position=f"identity:{position}")

    @idempotent(keeps_answer=False)
    def change_group(self, request: api.ChangeGroup, caller: Caller) -> api.GroupAnswer:
        require_operator(caller)
        with self.rows.database.write() as connection:
            row = self._by(connection, id=request.id)
            if row is None:
                raise NotFound(f"group {request.id}: there is none; reload the list", slug="group-not-found")
            if earlier := self.already(caller):
                return self._group_answer(connection, row, earlier[-1].position)
            added = self._ids(connection, request.add, field="add")
            removed = self._ids(connection, request.remove, field="remove")
            current = set(connection.scalars(select(MEMBERS.c.person).where(MEMBERS.c.group_id == request.id)))
            joining = tuple(person for person in added if person not in current)
            leaving = tuple(person for person in removed if person in current)
            connection.execute(delete(MEMBERS).where(MEMBERS.c.group_id == request.id, MEMBERS.c.person.in_(leaving)))
            for person in joining:
                connection.execute(MEMBERS.insert().values(group_id=request.id, person=person))
            events = []
            if joining or leaving:
                events.append(facts.GroupChanged(group_id=request.id, name=row["name"], added=joining, removed=leaving))
            position = self.tell_group(connection, request.id, events, caller=caller)
            return self._group_answer(connection, row, position)

    def _group_answer(self, connection: Connection, row: RowMapping, position: int) -> api.GroupAnswer:
        group = self._group(connection, row, with_members=True)
        return api.GroupAnswer(group=group, position=f"identity:{position}")

    def _ids(self, connection: Connection, logins: list[str], *, field: str) -> list[str]:
        rows = self.rows.many(connection, ids=[], login_keys=[login.lower() for login in logins])
        known = {row["login_key"]: row["id"] for row in rows}
        for index, login in enumerate(logins):
            if login.lower() not in known:
                raise Invalid(
                    f"account {login}: there is none; check the spelling",
                    details={"errors": [{"path": f"/{field}/{index}", "message": f"There is no account {login}."}]},
                )
        return [known[login.lower()] for login in dict.fromkeys(logins)]

    def _by(self, connection: Connection, **by: str) -> RowMapping | None:
        query = select(GROUPS)
        for column, value in by.items():
            query = query.where(GROUPS.c[column] == value)
        return connection.execute(query).mappings().first()

    def _group(self, connection: Connection, row: RowMapping, *, with_members: bool) -> api.Group:
        members = self.rows.members_of(connection, row["id"]) if with_members else []
        return api.Group(id=row["id"], name=row["name"], members=[member["login"] for member in members])
