//! Procedural macros of `pullback`.
