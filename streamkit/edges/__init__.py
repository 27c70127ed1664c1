"""The entry points from outside: the command line, and the relay of replies to browsers and other clients."""
