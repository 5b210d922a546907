"""Growth: how members gain and lose it, and the levels that follow from it."""
