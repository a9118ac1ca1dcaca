"""The classes of errors."""

from pullback._pullback import (  # noqa: F401
    ConcretizationTypeError,
    JAXIndexError,
    JAXTypeError,
    JaxRuntimeError,
    KeyReuseError,
    NonConcreteBooleanIndexError,
    TracerArrayConversionError,
    TracerBoolConversionError,
    TracerIntegerConversionError,
    UnexpectedTracerError,
)
