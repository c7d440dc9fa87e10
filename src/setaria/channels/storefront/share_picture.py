"""A product's picture for sites that show no SVG: 1,200 by 630 pixels, on the storefront's ground."""

from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

import resvg_py
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
    response = HttpResponse(_render(file, Path(file).stat().st_mtime_ns, ground), content_type="image/png")
    response["Cache-Control"] = f"public, max-age={DAY_SECONDS}"
    return response


@lru_cache(maxsize=64)
def _render(file: str, changed_ns: int, ground: str) -> bytes:
    """Draw a picture in the middle of a card. `changed_ns` makes another state of the file another picture."""
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
