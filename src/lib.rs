//! recloop
