"""Parts that every other folder uses: checks, lifetime, log, events, the registry of live objects."""
