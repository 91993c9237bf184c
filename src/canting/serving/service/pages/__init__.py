"""Pages for visitors, in several languages; they work without scripts and better with them."""

from canting.serving.service.pages.rendering import error_page
from canting.serving.service.pages.routing import routes

__all__ = ["error_page", "routes"]
