"""The rush's lean intake: HTTP in, batches to the one door, answers out. No ORM on its path."""
