"""What the shop sells: products, SKUs, categories, pictures and freight; and the shop front."""
