"""What a selection of modules means: by FQN prefix, segment by segment."""
