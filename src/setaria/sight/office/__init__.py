"""Where staff begins: which pages there are for whoever asks, what waits there, and the words that search knows.

Verbs: none of its own; words are written by `goods.search.teach`. It decides nothing: each page guards its own door.
"""
