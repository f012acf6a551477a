"""The doors for programs: what all of them share stands here, on the lowest floor."""
