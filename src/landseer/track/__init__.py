"""What a training leaves behind for people: figures per epoch, curves, pictures."""
