"""The page in one language, from the templates, texts and styles of the service."""

from collections.abc import Mapping, Sequence

from jinja2 import ChoiceLoader, PackageLoader

from canting.bundle.classifier import Classifier
from canting.config.formats import FORMATS
from canting.serving.service.pages import texts
from canting.serving.service.pages.rendering import environment
from canting.serving.service.pages.texts import words

__all__ = ["CLOTH", "POLICY", "page", "words"]

CLOTH = "#1e2d55"
"""The colour of the header, in the manifest."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
    )
)
"""Scripts, also those of LiteRT.js, reach no other site: no picture can leave the page."""


def page(
    language: str,
    classifier: Classifier,
    version: str,
    samples: Sequence[str],
    loaded: int,
    pages: Mapping[str, str],
) -> str:
    """Return the HTML: files lie in the folder `version`, `loaded` bytes of them are the model's.

    `pages` are the names of the page in all languages.
    """
    made = environment().overlay(
        loader=ChoiceLoader(
            [PackageLoader(f"canting.serving.{one}") for one in ("page", "service")]
        )
    )
    said = words(language)
    return made.get_template("page.html").render(
        t=said,
        n=said.counted,
        language=language,
        kind=texts.kind(classifier.labels),
        classifier=classifier,
        blank=[(label, 0.0) for label in classifier.labels],
        policy=POLICY,
        pages=pages,
        samples=samples,
        bytes=loaded,
        formats=_offered(said("site.or")),
        static=lambda name: f"{version}/{name}",
        path="/",
        root="",
    )


def _offered(last: str) -> str:
    *most, end = (one.name for one in FORMATS if one.browsers)
    return f"{', '.join(most)} {last} {end}"
