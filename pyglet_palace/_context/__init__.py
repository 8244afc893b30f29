"""Parts of the class `Context`."""
