"""Ready pipelines, one a file: ``build(...)`` for use in code, ``main()`` for the command line. Not installed."""
