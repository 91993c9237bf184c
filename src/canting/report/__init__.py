"""The study report: one content, written as one HTML page and as Markdown."""
