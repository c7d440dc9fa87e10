"""The rule of a draw, and the check of a published file against it. Needs Python alone: no database, no settings.

The rule, version 1. Every value is text; `sha256` is of its UTF-8 bytes, written as 64 lower-case hex digits.

1. `entries_sha256` is the sha256 of one line an entry, `PSEUDONYM SKU` and a line feed, sorted by their bytes.
2. `key` is the sha256 of `setaria draw 1`, the seed, `entries_sha256` and the witness (empty where none was
   announced), each followed by a line feed.
3. The ticket of an entry is the sha256 of the key, a space and the pseudonym.
4. Among those who entered for the same SKU the lowest ticket has rank 1. The first ranks, as many as there are places,
   are the winners; the others are the reserve, in this order.
"""

from hashlib import sha256
from typing import Any

VERSION = "setaria draw 1"


def digest(text: str) -> str:
    """Return the SHA-256 of a text, in hex."""
    return sha256(text.encode()).hexdigest()


def key_of(seed: str, entries_sha256: str, witness: str) -> str:
    """Return the key that all tickets are made with."""
    return digest(f"{VERSION}\n{seed}\n{entries_sha256}\n{witness}\n")


def ranking(key: str, entries: list[list[str]]) -> dict[str, list[str]]:
    """Return the pseudonyms of each SKU, best first."""
    ranked: dict[str, list[str]] = {}
    for pseudonym, sku in sorted(entries, key=lambda entry: digest(f"{key} {entry[0]}")):
        ranked.setdefault(sku, []).append(pseudonym)
    return ranked


def verify(file: Any, noted_sha256: str = "") -> list[str]:
    """Return what is wrong with a published file, as `CHECK: words`; nothing when the draw was fair.

    `noted_sha256` is the seed's hash as somebody noted it before the draw: whoever replaced seed and hash together is
    found out by it, and by nothing inside the file.
    """
    try:
        return list(_faults(file, noted_sha256))
    except (AttributeError, KeyError, TypeError, ValueError):
        return ["FORMAT: this is not the file of a draw."]


def _faults(file: dict[str, Any], noted_sha256: str) -> list[str]:
    if file["format"] != VERSION:
        return [f"FORMAT: this is a file of {file['format']!r}; this program checks {VERSION!r}."]
    if not file["seed"]:
        return ["NOT_DRAWN: the seed is not published yet; there is nothing to check before the draw."]
    faults = []
    if noted_sha256 and noted_sha256.lower() != file["seed_sha256"]:
        faults.append("NOTED: the seed's hash is not the one that was noted beforehand.")
    if digest(file["seed"]) != file["seed_sha256"]:
        faults.append("SEED: the seed is not the one that was promised.")
    if bool(file["witness_source"]) != bool(file["witness"]):
        faults.append("WITNESS: a public value was announced and is missing, or was not announced and is there.")
    entries = file["entries"]
    lines = [f"{pseudonym} {sku}\n" for pseudonym, sku in entries]
    if lines != sorted(lines) or len({pseudonym for pseudonym, _ in entries}) != len(entries):
        faults.append("LIST: the entries are not in order, or somebody is in it twice.")
    if digest("".join(lines)) != file["entries_sha256"]:
        faults.append("ENTRIES: the list of entries is not the one that was sealed.")
    ranked = ranking(key_of(file["seed"], file["entries_sha256"], file["witness"]), entries)
    winners = {sku: ranked.get(sku, [])[:places] for sku, places in file["places"].items()}
    if not ranked.keys() <= winners.keys():
        faults.append("PLACES: somebody entered for something that there were no places for.")
    if winners != file["winners"]:
        faults.append("WINNERS: the winners are not those whom the rule gives.")
    return faults
