"""ContextForge: the gateway that servers are registered with; knows nothing of projects."""
