"""The winner: the rule, the refit on everything, and the bundle that a service needs."""
