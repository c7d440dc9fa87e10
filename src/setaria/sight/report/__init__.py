"""A campaign's report: one HTML file that needs nothing else. Reads only; the same data give the same bytes."""
