"""One pass at a time: an account that asks again gets a pass for the same order, until there is one."""

from datetime import datetime
from uuid import UUID

from django.db import connection

from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.trade.guard.models import Pardon, Policy
from setaria.trade.guard.rules import read

_GRANT = """
    INSERT INTO guard_grant AS g (drop_id, customer_id, order_id) VALUES (%s, %s, %s)
    ON CONFLICT (drop_id, customer_id) DO UPDATE SET order_id =
        CASE WHEN EXISTS (SELECT 1 FROM orders_order AS o WHERE o.id = g.order_id) THEN excluded.order_id
             ELSE g.order_id END
    RETURNING order_id
"""


def order_of(drop_id: int, customer_id: int) -> UUID:
    """Return the order id of the account's pass. A thousand passes are worth one order as long as it is not placed."""
    with connection.cursor() as cursor:
        cursor.execute(_GRANT, [drop_id, customer_id, new_id()])
        order_id: UUID = cursor.fetchone()[0]
        return order_id


def pardon(drop_id: int, customer_id: int, *, now: datetime) -> bool:
    """Say of a member that this is a person: no rule of behaviour counts any more. False if that was said before.

    Raises Member.DoesNotExist and Policy.DoesNotExist for what is not there.
    """
    Policy.objects.get(drop_id=drop_id)
    Member.objects.get(pk=customer_id)
    _, new = Pardon.objects.get_or_create(drop_id=drop_id, customer_id=customer_id, defaults={"at": now})
    return new


def guard(drop_id: int, rules: list[dict[str, object]] | None = None, **fields: float) -> Policy:
    """Set how a drop is guarded; raises `rules.BadRules`. Without rules of its own it gets the usual ones."""
    from msgspec import to_builtins

    from setaria.trade.guard.rules import RULES

    data = to_builtins(RULES) if rules is None else rules
    read(data)
    policy, _ = Policy.objects.update_or_create(drop_id=drop_id, defaults={"rules": data, "judged_at": None, **fields})
    return policy
