"""How to get there by road: import, the prepared network, ranking, routes, closures."""
