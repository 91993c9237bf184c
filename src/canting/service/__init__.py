"""The web side: pages for visitors, REST for programs, a history. No training framework here."""
