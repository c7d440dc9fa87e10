"""Where the brand is present: markets, which sell or only inform, and the channels in each."""
