"""The campaign calendar as staff read it. Reads only: steps are taken on the command line, by name."""
