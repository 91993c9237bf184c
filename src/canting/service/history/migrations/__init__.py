"""How the tables came to be, in Alembic's form; run when a history is opened."""
