"""In which language a person reads, and where they shop: what they used last when they signed in, chose one or ordered."""

from setaria.people.notices.models import Reader


def speak(member_id: int, language: str | None, market_id: int | None = None) -> None:
    """Note the language somebody reads, and the market they look around in; what is not known stays as it was."""
    if language:
        known = ["language", *(["market"] if market_id is not None else [])]
        Reader.objects.bulk_create(
            [Reader(member_id=member_id, language=language, market_id=market_id)],
            update_conflicts=True, unique_fields=["member_id"], update_fields=known,
        )  # fmt: skip
