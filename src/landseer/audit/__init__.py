"""What a person should know of the data before training: what is broken, what it holds, what shows the same place."""
