"""Places and the people who serve them."""
