"""The sales wall: the night's figures as they are, from the live counters. Reads only."""
