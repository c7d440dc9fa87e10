"""What a browser's owner would call it, of what it says of itself: two words instead of a hundred signs."""

SYSTEMS = [("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
            ("Mac OS X", "Mac"), ("CrOS", "ChromeOS"), ("Linux", "Linux")]  # fmt: skip
BROWSERS = [("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"),
             ("MicroMessenger", "WeChat"), ("Chrome", "Chrome"), ("Safari", "Safari")]  # fmt: skip


def browser_named(agent: str) -> str:
    """Return browser and system, as far as they are known; nothing for what names neither."""
    parts = (next((name for mark, name in known if mark in agent), "") for known in (BROWSERS, SYSTEMS))
    return ", ".join(part for part in parts if part)
