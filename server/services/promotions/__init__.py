"""Group buys, flash sales and the points mall, and what they are as kinds of order."""
