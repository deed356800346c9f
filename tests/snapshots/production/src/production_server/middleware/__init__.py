"""What requests pass through; `create_server` gives the order, outermost first."""
