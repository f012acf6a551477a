"""The wall: a ground's figures for a hall, without names, numbers or words of people."""
