"""Files that run without TensorFlow and without the rest of advkeras."""
