"""A product's picture for sites that show no SVG: 1,200 by 630 pixels, on the storefront's ground.

Drawing one takes a processor a tenth of a second and anybody may ask, so each is drawn once and kept in a file, and a
process draws one at a time: who asks for a thousand of them at once slows nobody's pages down.
"""

import os
import threading
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from xml.etree import ElementTree

import resvg_py
from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from setaria.channels.storefront.visit import Visit
from setaria.channels.storefront.window import assortment
from setaria.goods.catalog.models import Picture

WIDTH, HEIGHT = 1_200, 630
PICTURE = 570  # its side, within the card
GROUND = "#f3eee3"
DAY_SECONDS = 24 * 3600
SVG = "http://www.w3.org/2000/svg"
KEPT_FILES_MAX = 20_000  # 25 kB each
WAIT_SECONDS_MAX = 2
_drawing = threading.Lock()


@require_safe
def picture(request: Visit, slug: str) -> HttpResponse:
    """Send a product's first picture as PNG; one that is no drawing is sent as it is."""
    products = assortment(request.storefront).filter(slug=slug)
    first = Picture.objects.filter(product__in=products).order_by("position", "id").first()
    file = finders.find(first.path) if first else None
    if first is None or file is None:
        raise Http404
    if not first.path.endswith(".svg"):
        return redirect(static(first.path))
    ground = request.storefront.theme.get("light", {}).get("sunk", GROUND)
    drawn = _drawn(Path(file), ground)
    if drawn is None:
        return HttpResponse(status=503, headers={"Retry-After": str(WAIT_SECONDS_MAX)})
    return HttpResponse(drawn, content_type="image/png", headers={"Cache-Control": f"public, max-age={DAY_SECONDS}"})


def _drawn(file: Path, ground: str) -> bytes | None:
    """Return the card of a drawing, drawn now if it never was; None when others are being drawn for too long."""
    state = f"{file} {file.stat().st_mtime_ns} {ground} {WIDTH} {HEIGHT} {PICTURE}"
    kept = settings.PICTURES_KEPT / f"{sha256(state.encode()).hexdigest()}.png"
    try:
        return kept.read_bytes()
    except FileNotFoundError:
        pass
    if not _drawing.acquire(timeout=WAIT_SECONDS_MAX):
        return None
    try:
        if not kept.exists():  # whoever had the lock may have drawn it
            _keep(kept, _render(str(file), ground))
        return kept.read_bytes()
    finally:
        _drawing.release()


def _keep(path: Path, drawn: bytes) -> None:
    """Write a file so that every process sees all of it or nothing; when there are too many, the oldest tenth goes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    there = list(path.parent.glob("*.png"))
    if len(there) >= KEPT_FILES_MAX:
        for old in sorted(there, key=_made)[: max(1, KEPT_FILES_MAX // 10)]:
            old.unlink(missing_ok=True)
    with NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(drawn)
    os.replace(file.name, path)


def _made(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another process was faster
        return 0.0


def _render(file: str, ground: str) -> bytes:
    """Draw a picture in the middle of a card."""
    ElementTree.register_namespace("", SVG)
    drawing = ElementTree.parse(file).getroot()
    drawing.set("viewBox", drawing.get("viewBox", f"0 0 {drawing.get('width', 480)} {drawing.get('height', 480)}"))
    for name, value in {
        "x": (WIDTH - PICTURE) // 2,
        "y": (HEIGHT - PICTURE) // 2,
        "width": PICTURE,
        "height": PICTURE,
    }.items():
        drawing.set(name, str(value))
    card = ElementTree.Element(f"{{{SVG}}}svg", {"viewBox": f"0 0 {WIDTH} {HEIGHT}"})
    card.append(drawing)
    written = ElementTree.tostring(card, encoding="unicode")
    return resvg_py.svg_to_bytes(
        svg_string=written, width=WIDTH, height=HEIGHT, background=ground, skip_system_fonts=True
    )
