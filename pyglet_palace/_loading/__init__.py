"""Loading: names of sounds become cached samples in OpenAL."""
