"""What a compiled function is on its way: traced, lowered, compiled."""

from pullback import _pullback
from pullback._pullback import transforms as _transforms

Wrapped = _transforms.PjitFunction
Traced = _transforms.Traced
Lowered = _transforms.Lowered
Compiled = _transforms.Compiled
CompiledMemoryStats = _pullback.runtime.CompiledMemoryStats
