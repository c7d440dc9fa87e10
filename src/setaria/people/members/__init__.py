"""Everyone who buys directly has a member record (R-063). Signing in is django-allauth's work, not ours."""
