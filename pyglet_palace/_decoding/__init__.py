"""From an open file to PCM. Calls no OpenAL."""
