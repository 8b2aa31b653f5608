import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:
        # Python puts the current folder first, and a module in it would stand in for one of Python's.
        sys.path.append(sys.path.pop(0))
    from conformance.cli import main

    main(prog_name="bnconf")
