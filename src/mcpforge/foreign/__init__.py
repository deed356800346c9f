"""Projects made from a Copier template: rendered by Copier itself, in a process with limits."""
