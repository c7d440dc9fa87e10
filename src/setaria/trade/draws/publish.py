"""The public file of a draw, written as it is read, so that millions of entries need no memory."""

import json
from collections.abc import Iterator

from django.db import connection

from setaria.trade.draws.draw import lines
from setaria.trade.draws.models import Draw
from setaria.trade.draws.verify import VERSION

_WINNERS = """
    SELECT variant.sku, prize.places, array(
        SELECT pseudonym FROM draws_entry AS entry
        WHERE entry.draw_id = prize.draw_id AND entry.variant_id = prize.variant_id AND entry.rank <= prize.places
        ORDER BY entry.rank
    )
    FROM draws_prize AS prize JOIN catalog_variant AS variant ON variant.id = prize.variant_id
    WHERE prize.draw_id = %s ORDER BY variant.sku
"""


def publish(draw: Draw) -> Iterator[str]:
    """Write the file, in pieces: from the first moment what was promised, once sealed the list, once drawn the rest.

    Names nobody: entries are pseudonyms, and each member is shown their own.
    """
    drawn = draw.drawn_at is not None
    with connection.cursor() as cursor:
        cursor.execute(_WINNERS, [draw.pk])
        prizes = cursor.fetchall()
    head = {
        "format": VERSION,
        "drop": draw.drop.slug,
        "entries_open_at": draw.opens_at.isoformat(),
        "entries_close_at": draw.closes_at.isoformat(),
        "sealed_at": draw.sealed_at.isoformat() if draw.sealed_at else None,
        "drawn_at": draw.drawn_at.isoformat() if draw.drawn_at else None,
        "places": {sku: places for sku, places, _ in prizes},
        "seed_sha256": draw.seed_sha256,
        "seed": draw.seed,
        "witness_source": draw.witness_source,
        "witness": draw.witness,
        "entries_sha256": draw.entries_sha256,
        "winners": {sku: winners for sku, _, winners in prizes} if drawn else {},
    }
    yield json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "entries": ['
    if draw.sealed_at is not None:
        before = "\n"
        for block in _whole_lines(lines(draw.pk)):
            entries = [json.dumps(line.split(" ")) for line in block.decode().splitlines()]
            yield before + ",\n".join(entries)
            before = ",\n"
    yield "\n]}\n"


def _whole_lines(blocks: Iterator[bytes], bytes_min: int = 64 * 1024) -> Iterator[bytes]:
    """Gather small blocks, each of whole lines, into larger ones."""
    gathered: list[bytes] = []
    size = 0
    for block in blocks:
        gathered.append(block)
        size += len(block)
        if size >= bytes_min:
            yield b"".join(gathered)
            gathered, size = [], 0
    if gathered:
        yield b"".join(gathered)
