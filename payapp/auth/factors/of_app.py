"""What second factors need to know of the running application: its keys, and its address."""

from payapp.auth.factors.ceremonies import Site
from payapp.auth.factors.sealing import Sealer
from payapp.web.services import get_settings


def get_sealer() -> Sealer:
    """Return what encrypts the secrets of authenticator apps."""
    settings = get_settings()
    return Sealer((settings.secret_key, *settings.secret_key_fallbacks))


def get_site() -> Site:
    """Return the site that passkeys are made for: APP_BASE_URL's, whatever name a request came under."""
    return Site(get_settings().app_base_url)
