"""The official checker, with its shape inference, over the files named. Prints one line of JSON."""
import json
import sys

import onnx

for path in sys.argv[1:]:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert (model.ir_version, model.opset_import[0].version) == (8, 17)
print(json.dumps({"version": onnx.__version__, "checked": len(sys.argv) - 1}))
