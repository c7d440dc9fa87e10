"""The staff's pages about money at `/money/`: what a person must look at. The verbs decide; nothing is kept here."""
