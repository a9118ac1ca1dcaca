"""What a compiled function is on its way."""

from pullback._pullback import transforms as _transforms

Wrapped = _transforms.PjitFunction
Stage = _transforms.Stage
Traced = Lowered = Compiled = _transforms.Stage
