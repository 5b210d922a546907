"""What the shop sells: products, SKUs, categories, pictures, freight, and the shop front."""
