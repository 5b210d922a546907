"""Money, time, numbers and refusals: standard library only, imported by every floor above."""
