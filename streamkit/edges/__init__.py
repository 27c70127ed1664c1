"""Where streamkit meets the outside: the command line, servers, adapters. Users of the public names like anyone else."""
