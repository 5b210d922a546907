"""Group buys, flash sales and the points mall, and how each works as a kind of order."""
