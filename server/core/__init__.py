"""Money, time, numbers and refusals. Uses the standard library only; every higher layer may import it."""
