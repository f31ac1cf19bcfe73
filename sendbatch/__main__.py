"""`python -m sendbatch` is the command `sendbatch`."""

from sendbatch.cli.main import main

if __name__ == "__main__":
    main()
