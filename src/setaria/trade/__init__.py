"""What happens when something is bought."""
