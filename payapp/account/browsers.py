"""What a browser is called, in words that its owner knows: “Firefox on Windows”. Honest where it can't tell.

Written here although libraries exist: they carry thousands of patterns, which have to be kept up to date, to tell
devices apart that nobody has to tell apart in a list of their own logins.
"""

# The first that is found counts: Edge calls itself Chrome too, and Chrome calls itself Safari.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Version/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),  # an iPad that asks for the pages of a Mac calls itself one
    ("Linux", "Linux"),
)
UNKNOWN = "A browser that does not say its name"


def describe_browser(user_agent: str) -> str:
    """Return a browser's name and system, as far as its User-Agent header tells; that can be made up."""
    browser = _find(BROWSERS, user_agent)
    system = _find(SYSTEMS, user_agent)
    if browser and system:
        return f"{browser} on {'an ' if system in ('iPhone', 'iPad') else ''}{system}"
    return browser or (f"A browser on {system}" if system else UNKNOWN)


def _find(marks: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((name for mark, name in marks if mark in user_agent), None)
