"""Operators' work with people and groups."""

from __future__ import annotations

from gateway.auth import caller, forget_everyone, read_caller, requires
from gateway.blueprints import Routes, require_positions
from gateway.clients import calls
from gateway.paging import part_of
from gateway.routes.bodies import GroupMembersBody, ListQuery, UserBody, UsersQueryArgs
from shared.contracts import identity as api
from shared.contracts.common import Empty
from shared.contracts.wire import query_schema_of, schema_of
from shared.errors import NotFound

blueprint = Routes("users", __name__, url_prefix="/api/v1", description="People and groups, for operators")


@blueprint.route("/users")
@requires("operator")
@blueprint.arguments(query_schema_of(UsersQueryArgs), location="query")
@blueprint.response(200, schema_of(api.UsersPage))
def users(query: UsersQueryArgs) -> api.UsersPage:
    """People, by login."""
    require_positions(query.min_position)
    request = api.UsersQuery(
        q=query.q, role=query.role, requested=query.requested, page=query.page, per_page=query.per_page
    )
    return calls().identity.users(request, read_caller())


@blueprint.route("/users/<login>", methods=["PATCH"])
@requires("operator")
@blueprint.arguments(schema_of(UserBody))
@blueprint.response(200, schema_of(api.PersonAnswer))
def change_user(body: UserBody, login: str) -> api.PersonAnswer:
    """Changes roles, disables or enables."""
    answer = calls().identity.change_user(change_of(body, login), caller())
    forget_everyone()
    return answer


def change_of(body: UserBody, login: str) -> api.ChangeUser:
    """A whole set of roles becomes what to add and what to remove."""
    add, remove = list(body.add_roles), list(body.remove_roles)
    if body.roles is not None:
        add += body.roles
        remove += [role for role in ("maintainer", "reviewer", "operator") if role not in body.roles]
    return api.ChangeUser(login=login, add_roles=add, remove_roles=remove, disabled=body.disabled, reason=body.reason)


@blueprint.route("/groups")
@requires("operator")
@blueprint.arguments(query_schema_of(ListQuery), location="query")
@blueprint.response(200, schema_of(api.Groups))
def groups(query: ListQuery) -> api.Groups:
    """Groups with access to enterprise models, and their members."""
    require_positions(query.min_position)
    return part_of(calls().identity.groups(Empty(), read_caller()), page=query.page, per_page=query.per_page)


@blueprint.route("/groups", methods=["POST"])
@requires("operator")
@blueprint.arguments(schema_of(api.CreateGroup))
@blueprint.response(201, schema_of(api.GroupAnswer))
def create_group(body: api.CreateGroup) -> api.GroupAnswer:
    """Makes a group."""
    return calls().identity.create_group(body, caller())


@blueprint.route("/groups/<group_id>")
@requires("operator")
@blueprint.response(200, schema_of(api.Group))
def read_group(group_id: str) -> api.Group:
    """One group, by id or name."""
    return _group(group_id)


@blueprint.route("/groups/<group_id>", methods=["PATCH"])
@requires("operator")
@blueprint.arguments(schema_of(GroupMembersBody))
@blueprint.response(200, schema_of(api.GroupAnswer))
def change_group(body: GroupMembersBody, group_id: str) -> api.GroupAnswer:
    """Adds and removes members, by login."""
    request = api.ChangeGroup(id=_group(group_id).id, add=body.add, remove=body.remove)
    answer = calls().identity.change_group(request, caller())
    forget_everyone()
    return answer


def _group(key: str) -> api.Group:
    for group in calls().identity.groups(Empty(), read_caller()).items:
        if key == group.id or key.lower() == group.name.lower():
            return group
    raise NotFound(f"group {key}: there is none; see GET /api/v1/groups", slug="group-not-found")
