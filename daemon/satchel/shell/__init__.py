"""The only place with trio, HTTP, sockets, threads, signals and the wall clock."""
