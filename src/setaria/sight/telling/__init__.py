"""The staff's pages of what is told to people and to other systems. Thin: each change is a verb of the floors below."""
