"""What is seen. Nothing on this floor changes anything."""
