"""Pages for visitors, in Indonesian and English; they work without scripts and better with them."""

from canting.service.pages.refused import error_page
from canting.service.pages.routing import routes

__all__ = ["error_page", "routes"]
