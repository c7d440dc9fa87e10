"""Words that no product is heard by any more are forgotten: nobody is corrected to what is not sold."""

from django.db import connection, transaction

from setaria.goods.search.words import stem

_HEARD = "SELECT word FROM ts_stat('SELECT heard FROM search_entry')"
_OLD = "SELECT word FROM search_known WHERE noted_at < statement_timestamp() - interval '1 day'"
# Not what was noted meanwhile: an entry with it may not be committed yet (`refresh.py`).
_FORGET = """
    DELETE FROM search_known WHERE word = ANY(%s) AND noted_at < statement_timestamp() - interval '1 day' RETURNING word
"""
_FORGET_SHAPES = "DELETE FROM search_shape WHERE word = ANY(%s)"


@transaction.atomic
def forget_words() -> int:
    """Forget them; return how many. One pass over all entries: once a day is often enough."""
    with connection.cursor() as cursor:
        cursor.execute(_OLD)
        old = [word for (word,) in cursor.fetchall()]
        if not old:
            return 0
        cursor.execute(_HEARD)
        heard = {word for (word,) in cursor.fetchall()}
        cursor.execute(_FORGET, [sorted(word for word in old if not heard & {word, stem(word)})])
        gone = [word for (word,) in cursor.fetchall()]
        cursor.execute(_FORGET_SHAPES, [gone])
    return len(gone)
