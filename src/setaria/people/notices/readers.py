"""In which language a person reads: the one they used last when they signed in, chose one or ordered."""

from setaria.people.notices.models import Reader


def speak(member_id: int, language: str | None) -> None:
    """Note the language somebody reads."""
    if language:
        Reader.objects.bulk_create(
            [Reader(member_id=member_id, language=language)],
            update_conflicts=True, unique_fields=["member_id"], update_fields=["language"],
        )  # fmt: skip
