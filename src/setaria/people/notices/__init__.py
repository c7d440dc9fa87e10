"""What is told to people: every message is a row before it is sent, written in the transaction of what it tells of.

So a crash neither loses nor doubles one. Verbs: `write` (a message waits to go out, once for each event, channel and
recipient), `send_due` (what waits goes out by its channel), `forget` (what went out long ago). To the server that
takes it a message goes at least once: who dies between sending and noting so sends it again, under the same id.
Knows no commerce: templates belong to whoever writes the messages.
"""
