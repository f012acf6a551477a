"""What is done about incidents, for programs: every press goes through `dispatch.moves.perform`, as on the pages."""
