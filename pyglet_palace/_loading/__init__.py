"""From a name to samples in OpenAL."""
