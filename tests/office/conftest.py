from tests.telling.conftest import fan, member, shut, store, strangers, visitor

__all__ = ["fan", "member", "shut", "store", "strangers", "visitor"]
