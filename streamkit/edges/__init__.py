"""Where streamkit meets the outside: the command line, servers, adapters. They use public names, as anyone would."""
