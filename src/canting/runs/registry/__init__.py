"""The champion, and the log of promotions."""
