"""Who may ask, how much, and how long: hosts, tokens, visitors, proxies, rates, connections."""
