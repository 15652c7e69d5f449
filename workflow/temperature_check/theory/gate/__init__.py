"""The gate for a user's network: what is checked before its time scales, and what each failure is called."""
