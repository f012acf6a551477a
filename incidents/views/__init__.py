"""The pages of incidents, one module per area."""
