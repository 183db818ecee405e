"""What a person is told, and the in-app outbox of mails."""

from __future__ import annotations

from services.identity.application.base import IdentityBase, require_operator
from shared.contracts import identity as api
from shared.contracts.common import Caller, Done, Empty


class InboxUseCases(IdentityBase):
    """Notifications of the caller; mails for operators."""

    def notifications(self, request: api.NotificationsQuery, caller: Caller) -> api.Notifications:
        with self.rows.database.read() as connection:
            items, total = self.inbox.page(
                connection, caller.user_id, unread_only=request.unread, page=request.page, per_page=request.per_page
            )
            unread = self.inbox.unread(connection, caller.user_id)
        return api.Notifications(items=items, total=total, page=request.page, per_page=request.per_page, unread=unread)

    def mark_read(self, request: Empty, caller: Caller) -> Done:
        with self.rows.database.write() as connection:
            self.inbox.mark_read(connection, caller.user_id)
        return Done()

    def outbox(self, request: Empty, caller: Caller) -> api.Outbox:
        require_operator(caller)
        with self.rows.database.read() as connection:
            mails = self.inbox.mails(connection)
        return api.Outbox(items=mails, total=len(mails))
