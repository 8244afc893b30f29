"""The commands of the command line. Only `commands` and `screen` need click and rich, the extra ``cli``."""
