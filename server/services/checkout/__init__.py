"""From the cart to the paid order: pricing, placing, paying, closing."""
