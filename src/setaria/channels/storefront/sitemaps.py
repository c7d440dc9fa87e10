"""The list of all pages of a storefront for search engines, in parts; and what robots may read."""

from typing import Any

from django.contrib.sitemaps import Sitemap, views
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from setaria.channels.storefront import directory, found, queries
from setaria.channels.storefront.visit import Visit
from setaria.kernel import clock

PAGES_MAX = 1_000  # an entry names the page in every language and market


class Pages(Sitemap):
    """Front, kinds and products of the storefront the request is in, as paths below its root."""

    limit = PAGES_MAX

    def __init__(self, visit: Visit) -> None:
        self._known = visit.standing.known
        self._window = queries.shelf(visit, clock.now()).window

    def items(self) -> list[str]:
        """Return the paths; the window has them in memory."""
        kinds = [f"kinds/{kind.slug}/" for kind in self._window.kinds]
        return ["", *kinds, *(f"products/{seen.slug}/" for seen in self._window.products)]

    def get_urls(self, page: int | str = 1, site: Any = None, protocol: str | None = None) -> list[dict[str, Any]]:
        """Return a part's entries: each page where the visitor's choice counts, with its other languages and markets."""
        base = found.root(self._known.storefront)
        return [
            {
                "location": base + path,
                "alternates": [
                    {"lang_code": each.language, "location": each.url} for each in found.alternates(self._known, path)
                ],
            }
            for path in self.paginator.page(page).object_list
        ]


@require_safe
def index(request: Visit) -> HttpResponse:
    """List the parts."""
    return views.index(request, {"pages": Pages(request)}, sitemap_url_name="store:sitemap_part")


@require_safe
def part(request: Visit, section: str) -> HttpResponse:
    """Show one part; `?p=` counts them."""
    return views.sitemap(request, {"pages": Pages(request)}, section=section)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Tell robots what is a visitor's own, and where the lists of pages are."""
    host = request.get_host().partition(":")[0]
    here = [known for known in directory.all_known() if known.storefront.domain in ("", host)]
    roots = [f"/{known.storefront.path}/" if known.storefront.path else "/" for known in here]
    private = [root + path.removeprefix("/") for root in roots for path in found.private_paths()]
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in private),
        "",
        *(f"Sitemap: {found.root(known.storefront)}sitemap.xml" for known in here),
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
