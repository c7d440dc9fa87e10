"""The campaign calendar as staff read it, where the second signature is given; all other steps are the command line's."""
