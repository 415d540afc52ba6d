//! The models; see each file.
