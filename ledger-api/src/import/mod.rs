//! Importers: other programs' files in, journal entries out.

pub mod source;
