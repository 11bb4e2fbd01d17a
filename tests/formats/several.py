"""Several Python programs in one process, as most of their time is the import of torch.

    python3 several.py < LISTS.json

Standard input has the arguments of each, the program first; what comes out is, as JSON, what each printed, or its error.
"""
import contextlib
import io
import json
import runpy
import sys
import traceback

results = []
for arguments in json.load(sys.stdin):
    sys.argv = arguments
    printed = io.StringIO()
    error = ""
    try:
        with contextlib.redirect_stdout(printed):
            runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        error = "" if end.code in (None, 0) else str(end.code)
    except BaseException:
        error = traceback.format_exc()
    results.append({"printed": printed.getvalue(), "error": error})
json.dump(results, sys.stdout)
