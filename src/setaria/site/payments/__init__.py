"""What `setaria payments` does: cases, refunds, settlement files."""
